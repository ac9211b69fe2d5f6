import { ServiceError } from '@cygnet/contract/client'
import { Button } from '@mantine/core'

interface Props {
  error: unknown
  /** What was being done, as in “The file could not be renamed.” Shown before the service’s own words. */
  title?: string
  retry?: () => void
}

/** What went wrong and what to do about it, where it happened. */
export function Problem({ error, title, retry }: Props) {
  const { message, mend } = describeProblem(error)
  return (
    <div className="message message-error" role="alert">
      {title === undefined ? null : <strong>{title} </strong>}
      {message} {mend}
      {retry === undefined ? null : (
        <div className="problem-retry">
          <Button size="compact-sm" variant="default" onClick={retry}>
            Try again
          </Button>
        </div>
      )}
    </div>
  )
}

/** The words for an error: the service's own where it sent some. */
export function describeProblem(error: unknown): { message: string; mend?: string | undefined } {
  if (error instanceof ServiceError) return { message: error.message, mend: error.mend }
  return { message: error instanceof Error && error.message !== '' ? error.message : 'Something went wrong.' }
}
