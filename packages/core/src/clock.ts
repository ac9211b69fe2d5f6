/** The time and its timers, so that a test can move them. */
export interface Clock {
  /** Milliseconds since 1970. */
  now: () => number
  /**
   * Calls back once it is `time`, however far away that is, or soon where it is past; keeps no process alive.
   * @returns what takes it back
   */
  at: (time: number, callback: () => void) => () => void
}

/** Beyond this, Node's own timers fire at once. */
const longestWait = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  at(time, callback) {
    let timer: NodeJS.Timeout | undefined
    const wait = (): void => {
      const left = time - Date.now()
      timer = setTimeout(left > longestWait ? wait : callback, Math.min(Math.max(left, 0), longestWait))
      timer.unref()
    }
    if (time < Number.POSITIVE_INFINITY) wait()
    return () => clearTimeout(timer)
  },
}
