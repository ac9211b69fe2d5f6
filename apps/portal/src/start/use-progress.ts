import { watchProgress } from '@cygnet/contract/hub/routes'
import { toPath } from '@cygnet/contract/client'
import { toAddress } from '../api/base-path.ts'
import { useEffect, useState } from 'react'
import { z } from 'zod'

const progressEvent = z.object({
  progress: z.number().optional(),
  message: z.string().optional(),
  ready: z.boolean().optional(),
  failed: z.boolean().optional(),
  url: z.string().optional(),
})

export interface Progress {
  at: 'waiting' | 'ready' | 'failed' | 'lost'
  percent: number
  /** What was reported so far, the newest last. */
  steps: string[]
  /** Why it failed. */
  reason: string | null
}

const nothingYet: Progress = { at: 'waiting', percent: 0, steps: [], reason: null }

/** Follows the start of a user's server while `active`. `lost` says that the service stopped telling. */
export function useProgress(user: string | undefined, active: boolean): Progress {
  const [progress, setProgress] = useState(nothingYet)
  useEffect(() => {
    if (user === undefined || !active) return undefined
    setProgress(nothingYet)
    const source = new EventSource(toAddress(toPath(watchProgress, { name: user })))
    source.addEventListener('message', (message: MessageEvent<string>) => {
      const event = parseEvent(message.data)
      if (event === undefined) return
      setProgress((before) => takeEvent(before, event))
      if (event.ready === true || event.failed === true) source.close()
    })
    source.addEventListener('error', () => {
      // The browser tries again by itself unless the service has refused.
      if (source.readyState === EventSource.CLOSED)
        setProgress((before) => (before.at === 'waiting' ? { ...before, at: 'lost' } : before))
    })
    return () => source.close()
  }, [user, active])
  return progress
}

type ProgressEvent = z.infer<typeof progressEvent>

function takeEvent(before: Progress, event: ProgressEvent): Progress {
  const percent = Math.max(before.percent, Math.min(100, event.progress ?? 0))
  const message = event.message ?? ''
  if (event.failed === true) return { ...before, at: 'failed', reason: message === '' ? null : message }
  const repeats = message === '' || before.steps.at(-1) === message
  const steps = repeats ? before.steps : [...before.steps, message]
  return { at: event.ready === true ? 'ready' : 'waiting', percent, steps, reason: null }
}

function parseEvent(text: string): ProgressEvent | undefined {
  try {
    return progressEvent.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
