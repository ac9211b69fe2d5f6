import { CygnetError } from './errors.ts'

export interface QuotaOptions {
  /** What one key may have at once. */
  most: number
  /** For those turned away. */
  refusal: string
}

/** Takes a place of a key's until it is disposed of; a second time is no error. @throws CygnetError `rate-limited` */
export type Quota = (key: string) => Disposable

/** Bounds what is done at once for each of many, such as users, so that one of them cannot take it all. Nobody waits. */
export function createQuota({ most, refusal }: QuotaOptions): Quota {
  const taken = new Map<string, number>()
  return (key) => {
    const before = taken.get(key) ?? 0
    if (before >= most) {
      const mend = 'Wait until some of it has ended and try again.'
      throw new CygnetError('rate-limited', refusal, { mend, retryAfter: 2 })
    }
    taken.set(key, before + 1)
    let isHeld = true
    return {
      [Symbol.dispose]() {
        if (!isHeld) return
        isHeld = false
        const left = (taken.get(key) ?? 1) - 1
        if (left > 0) taken.set(key, left)
        else taken.delete(key)
      },
    }
  }
}
