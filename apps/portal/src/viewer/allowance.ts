/** The time that what is untrusted may take of the page, shared by all parts of one document. */
export interface Allowance {
  /** Runs a piece of work on the allowance's time. */
  spend: <T>(work: () => T) => T
  /** Whether nothing is left: what is not done yet is shown as plain text. */
  isSpent: () => boolean
}

interface Options {
  /** Milliseconds of work. What lies between two works does not count. */
  limit?: number
  /** Works that are shorter do not count: many small parts of an honest document add up as well. */
  free?: number
  now?: () => number
}

export function createAllowance({ limit = 1_500, free = 0, now = () => performance.now() }: Options = {}): Allowance {
  let spent = 0
  let since: number | undefined
  return {
    spend: (work) => {
      // Work within work is counted already.
      if (since !== undefined) return work()
      since = now()
      try {
        return work()
      } finally {
        const taken = now() - since
        if (taken >= free) spent += taken
        since = undefined
      }
    },
    isSpent: () => spent + (since === undefined ? 0 : now() - since) >= limit,
  }
}
