import { CygnetError } from '@cygnet/core/errors'

export interface BoundedOptions {
  /** How many tasks run at once. */
  running: number
  /** How many more may wait; beyond that callers are turned away at once. */
  waiting: number
  /** For those turned away. */
  refusal: string
}

/** Runs a task when there is room. @throws CygnetError `unavailable` where too many wait, or the signal's reason */
export type Bounded = <T>(task: () => Promise<T>, signal?: AbortSignal) => Promise<T>

/** Bounds how much of something dear is done at once, first come, first served. */
export function createBounded({ running, waiting, refusal }: BoundedOptions): Bounded {
  let busy = 0
  const queue: Array<() => void> = []

  return async (task, signal) => {
    signal?.throwIfAborted()
    if (busy < running) busy += 1
    else await waitForRoom(signal)
    try {
      return await task()
    } finally {
      // The place is handed on without being freed, so that nobody overtakes the queue.
      const next = queue.shift()
      if (next === undefined) busy -= 1
      else next()
    }
  }

  async function waitForRoom(signal: AbortSignal | undefined): Promise<void> {
    if (queue.length >= waiting) throw new CygnetError('unavailable', refusal, { retryAfter: 2 })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const enter = (): void => {
      signal?.removeEventListener('abort', leave)
      resolve()
    }
    const leave = (): void => {
      queue.splice(queue.indexOf(enter), 1)
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', leave, { once: true })
    queue.push(enter)
    await promise
  }
}

/** As {@link createBounded}, for each key apart; what is not in use is forgotten. */
export function createBoundedByKey(
  options: BoundedOptions,
): <T>(key: string, task: () => Promise<T>, signal?: AbortSignal) => Promise<T> {
  const inUse = new Map<string, { bounded: Bounded; calls: number }>()
  return async (key, task, signal) => {
    const own = inUse.get(key) ?? { bounded: createBounded(options), calls: 0 }
    inUse.set(key, own)
    own.calls += 1
    try {
      return await own.bounded(task, signal)
    } finally {
      own.calls -= 1
      if (own.calls === 0) inUse.delete(key)
    }
  }
}
