import { Button } from '@mantine/core'
import type { ErrorComponentProps } from '@tanstack/react-router'
import { Problem } from '../ui/Problem.tsx'
import { useTitle } from '../ui/use-title.ts'

/** Shown where a page itself fails, as when a newer version of the service has replaced its code. */
export function PageError({ error }: ErrorComponentProps) {
  useTitle('Something went wrong')
  return (
    <div className="stack narrow">
      <h1 className="title">This page could not be shown</h1>
      <Problem error={error} />
      <p className="muted">The service may have been updated since you opened it. Loading the page again helps then.</p>
      <div>
        <Button onClick={() => location.reload()}>Load again</Button>
      </div>
    </div>
  )
}
