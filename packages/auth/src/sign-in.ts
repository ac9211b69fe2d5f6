import { CygnetError } from '@cygnet/core/errors'
import type { User } from './accounts.ts'
import type { Attempts } from './attempts.ts'
import type { Authenticator, Credentials } from './authenticator.ts'

/**
 * Checks credentials within the limits on failures.
 * @param place - the address they come from
 * @returns the user, or null where name or password is wrong
 * @throws CygnetError `rate-limited` with the time to wait, `unavailable` where too many sign in at once
 */
export type SignIn = (credentials: Credentials, place: string, signal: AbortSignal) => Promise<User | null>

export function createSignIn(authenticator: Authenticator, attempts: Attempts): SignIn {
  return async (credentials, place, signal) => {
    const attempt = attempts(credentials.name.trim().toLowerCase(), place)
    let user: User | null
    try {
      user = await authenticator.authenticate(credentials, signal)
    } catch (error) {
      // Whoever hangs up while the password is checked has still had a try.
      if (error instanceof CygnetError) attempt.withdrawn()
      throw error
    }
    if (user !== null) attempt.succeeded()
    return user
  }
}
