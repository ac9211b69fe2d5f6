import { CygnetError } from '@cygnet/core/errors'
import { isIPv6 } from 'node:net'
import { createRecent, type Recent } from './recent.ts'

const mostCounters = 20_000
/** Many people may share an address, and all of them mistype. */
const perAddress = 10
/** Failures of one name at all addresses, as a multiple of those at one. */
const perName = 10

/** One try that was counted as failed in advance, so that many at the same moment do not slip through. */
export interface Attempt {
  /** The password was right: forgets the failures of this name at this address. */
  succeeded(): void
  /** It was never checked: counts as nothing. */
  withdrawn(): void
}

/** Counts failed sign-ins. @throws CygnetError `rate-limited`, with the seconds to wait, where there were too many */
export type Attempts = (name: string, address: string) => Attempt

export interface AttemptsOptions {
  /**
   * Failures of one name at one address within the window; ten times as many of one address for all names. Once one name
   * has ten times as many at all addresses, one is left to it at each: nobody is locked out by what others do elsewhere.
   */
  attempts: number
  windowSeconds: number
  now: () => number
}

interface Counter {
  failures: number
  ends: number
}

/** What it remembers is bounded: beyond that the oldest failures are forgotten first. */
export function createAttempts({ attempts, windowSeconds, now }: AttemptsOptions): Attempts {
  const pairs = createRecent<Counter>(mostCounters)
  const addresses = createRecent<Counter>(mostCounters)
  const names = createRecent<Counter>(mostCounters)

  return (name, address) => {
    const place = toPlace(address)
    const short = name.slice(0, 100)
    const pair = `${place} ${short}`
    const limits = [
      { counters: pairs, key: pair, most: isSoughtAfter(names.get(short)) ? 1 : attempts },
      { counters: addresses, key: place, most: attempts * perAddress },
      { counters: names, key: short, most: Infinity },
    ]
    for (const { counters, key, most } of limits) check(counters.get(key), most)
    const counted = limits.map(({ counters, key }) => count(counters, key))
    return {
      succeeded() {
        pairs.delete(pair)
        for (const counter of counted) counter.failures -= 1
      },
      withdrawn() {
        for (const counter of counted) counter.failures -= 1
      },
    }
  }

  function isSoughtAfter(counter: Counter | undefined): boolean {
    return counter !== undefined && counter.failures >= attempts * perName && counter.ends > now()
  }

  function check(counter: Counter | undefined, most: number): void {
    if (counter === undefined || counter.failures < most) return
    const wait = counter.ends - now()
    if (wait <= 0) return
    const seconds = Math.ceil(wait / 1000)
    throw new CygnetError('rate-limited', 'Too many failed sign-ins.', {
      mend: `Wait ${seconds < 120 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`} and try again.`,
      retryAfter: seconds,
    })
  }

  function count(counters: Recent<Counter>, key: string): Counter {
    const known = counters.get(key)
    if (known !== undefined && known.ends > now()) {
      known.failures += 1
      return known
    }
    const counter = { failures: 1, ends: now() + windowSeconds * 1000 }
    counters.set(key, counter)
    return counter
  }
}

/** Who has one IPv6 address has at least 2^64 of them, so the network counts as one place. */
export function toPlace(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  if (!isIPv6(plain)) return plain
  const [head = '', tail] = plain.replace(/%.*$/, '').split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const groups = [...left, ...Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0'), ...right]
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')
}
