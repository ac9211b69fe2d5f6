import type { ServerChoice } from '@cygnet/contract/v1/servers'
import { Loader, Progress as ProgressBar } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { startFormQuery } from '../api/queries.ts'
import { Icon } from '../ui/Icon.tsx'
import { describeChoice } from './choice.ts'
import type { Progress } from './use-progress.ts'
import { useSeconds } from './use-seconds.ts'
import './start.css'

interface Props {
  progress: Progress
  ready: boolean
  choice: ServerChoice | null
  since: string | null
  /** What can be done meanwhile. */
  children: ReactNode
}

/** The steps of a start as they are reported. */
export function StartProgress({ progress, ready, choice, since, children }: Props) {
  const form = useQuery(startFormQuery)
  const seconds = useSeconds(since, !ready)
  const steps = progress.steps.length === 0 ? ['Asking for your server'] : progress.steps
  const percent = ready ? 100 : Math.max(4, progress.percent)
  return (
    <>
      <div>
        <h1 className="title">{ready ? 'Your server is ready' : 'Your server is starting'}</h1>
        {choice === null ? null : <p className="muted start-lead">{describeChoice(choice, form.data)}</p>}
      </div>
      <ProgressBar.Root size="md">
        <ProgressBar.Section value={percent} aria-label="Progress of the start" />
      </ProgressBar.Root>
      <ol className="start-steps" aria-live="polite">
        {steps.map((step, index) => (
          <li key={`${index} ${step}`}>
            {ready || index < steps.length - 1 ? (
              <Icon name="check" className="start-done" />
            ) : (
              <Loader size={16} aria-hidden="true" />
            )}
            <span>{step}</span>
          </li>
        ))}
      </ol>
      {seconds > 15 && !ready ? (
        <p className="muted small">
          {seconds} seconds so far. A start that takes long is usually waiting for the machine to have room.
        </p>
      ) : null}
      <div className="row">{children}</div>
    </>
  )
}
