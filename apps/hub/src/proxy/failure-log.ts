import type { Logger } from '@cygnet/core/log'

/** Writes down that a user's server gave no answer. `reason` is shown in part only: the server has a say in it. */
export type FailureLog = (userName: string, reason: unknown) => void

const quietMilliseconds = 60_000
const longestReason = 200

/**
 * At most one line a server and minute, without a stack: what a server answers is up to its user, who must not fill the
 * service's disk with it. The next line says how many were left out.
 */
export function createFailureLog(logger: Logger, now: () => number = Date.now): FailureLog {
  const lines = new Map<string, { until: number; suppressed: number }>()

  return (user, reason) => {
    const last = lines.get(user)
    if (last !== undefined && now() < last.until) {
      last.suppressed += 1
      return
    }
    lines.set(user, { until: now() + quietMilliseconds, suppressed: 0 })
    const text = (reason instanceof Error ? reason.message : String(reason)).slice(0, longestReason)
    logger.info({ user, reason: text, suppressed: last?.suppressed ?? 0 }, 'A server did not answer.')
  }
}
