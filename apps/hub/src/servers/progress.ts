import type { ProgressStep } from '@cygnet/spawners/spawner'

/** What a watcher of a start sees. `ready` and `failed` are the last. */
export type ProgressEvent =
  | { kind: 'step'; percent: number; message: string }
  | { kind: 'ready' }
  | { kind: 'failed'; message: string }

/** The steps of one start, told to everyone who watches, from the first on however late they come. */
export interface Progress {
  report(step: ProgressStep): void
  end(event: ProgressEvent & { kind: 'ready' | 'failed' }): void
  /** Ends after the last event, or where the signal is aborted. */
  watch(signal: AbortSignal): AsyncGenerator<ProgressEvent, void, undefined>
}

export function createProgress(): Progress {
  const events: ProgressEvent[] = []
  let isEnded = false
  let changed = Promise.withResolvers<void>()
  const add = (event: ProgressEvent): void => {
    if (isEnded) return
    isEnded = event.kind !== 'step'
    events.push(event)
    changed.resolve()
    changed = Promise.withResolvers()
  }
  return {
    report(step) {
      const before = events.at(-1)
      const least = before?.kind === 'step' ? before.percent : 0
      const percent = Math.min(99, Math.max(least, Math.round(step.percent)))
      if (before?.kind === 'step' && before.percent === percent && before.message === step.message) return
      add({ kind: 'step', percent, message: step.message })
    },
    end: add,
    async *watch(signal) {
      const aborted = new Promise<void>((resolve) => {
        if (signal.aborted) resolve()
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
      let seen = 0
      while (!signal.aborted) {
        const event = events[seen]
        if (event !== undefined) {
          seen++
          yield event
          if (event.kind !== 'step') return
        } else await Promise.race([changed.promise, aborted])
      }
    },
  }
}
