import type { Mount } from '@cygnet/spawners/spawner'
import type { ServerUser } from './records.ts'
import type { ServerDeps } from './server.ts'
import { unlessAborted } from './unless-aborted.ts'

const patienceMilliseconds = 5_000

/**
 * What is shared with a user, for a start: nothing where that cannot be told, or not soon, for what others share must not
 * keep users from their own files. `later` is called then once it may be known.
 */
export function mountsInTime(
  { mountsOf, log }: Pick<ServerDeps, 'mountsOf' | 'log'>,
  later: () => void,
  signal: AbortSignal,
): ServerDeps['mountsOf'] {
  return async (user: ServerUser): Promise<Mount[]> => {
    const known = mountsOf(user)
    try {
      return await unlessAborted(known, AbortSignal.any([signal, AbortSignal.timeout(patienceMilliseconds)]))
    } catch (error) {
      signal.throwIfAborted()
      log.warn({ user: user.name, err: error }, 'A server starts without what is shared with its user.')
      known.then(later, later)
      return []
    }
  }
}
