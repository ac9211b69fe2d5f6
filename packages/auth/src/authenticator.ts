import type { Accounts, User } from './accounts.ts'

export interface Credentials {
  name: string
  password: string
}

/** Finds out who someone is. It keeps no records and knows no HTTP: limits, sessions and tokens are its host's. */
export interface Authenticator {
  readonly name: string
  /**
   * Resolves with the user, or null where the credentials are wrong, whichever part of them is; both take the same time.
   * Rejects where it cannot tell: CygnetError `unavailable` where too many ask at once, or the signal's reason.
   */
  authenticate(credentials: Credentials, signal: AbortSignal): Promise<User | null>
}

/** Accounts whose passwords the service keeps itself. */
export function createLocalAuthenticator(accounts: Accounts): Authenticator {
  return {
    name: 'local',
    async authenticate({ name, password }, signal) {
      const user = await accounts.find(name.trim().toLowerCase())
      const fits = await accounts.verifyPassword(user, password, signal)
      return fits && user !== undefined && !user.removing ? user : null
    },
  }
}
