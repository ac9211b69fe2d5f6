import { systemClock, type Clock } from '@cygnet/core/clock'
import type { Config } from '@cygnet/core/config'
import type { Logger } from '@cygnet/core/log'
import type { Kysely } from 'kysely'
import { createAccounts, type Accounts } from './accounts.ts'
import { createAttempts, type Attempts } from './attempts.ts'
import { createLocalAuthenticator } from './authenticator.ts'
import { createFirstLinks, type FirstLinks } from './first-links.ts'
import { createIdentities, type Identities } from './identities.ts'
import { createPasswords } from './passwords.ts'
import { createSessions, type Sessions } from './sessions.ts'
import { createSignIn, type SignIn } from './sign-in.ts'
import type { AuthTables } from './tables.ts'
import { createTokens, type Tokens } from './tokens.ts'

/** All that has to do with who someone is. */
export interface Auth {
  accounts: Accounts
  sessions: Sessions
  tokens: Tokens
  firstLinks: FirstLinks
  identities: Identities
  attempts: Attempts
  signIn: SignIn
  /** Writes down what is not written yet; before the database is closed. */
  close(): Promise<void>
}

export interface AuthOptions<Tables extends AuthTables = AuthTables> {
  /** With the tables of `authMigrations`. */
  database: Kysely<Tables>
  signIn: Config['signIn']
  log: Logger
  /** The system's unless said. */
  clock?: Clock
}

export function createAuth<Tables extends AuthTables>(options: AuthOptions<Tables>): Auth {
  const { signIn, log, clock = systemClock } = options
  const { now } = clock
  // Kysely's type is invariant, but these are the tables this block uses of it.
  const database = options.database as unknown as Kysely<AuthTables>
  const sessionLifetime = signIn.sessionDays * 86_400_000
  const onError = (error: unknown): void =>
    log.error({ err: error }, 'What is known of sessions and tokens could not be read or written.')
  const identities = createIdentities({ database, sessionLifetime, clock, onError })
  const accounts = createAccounts({ database, passwords: createPasswords(), identities, now })
  const attempts = createAttempts({ ...signIn, now })
  return {
    accounts,
    sessions: createSessions({ database, identities, sessionLifetime, now }),
    tokens: createTokens({ database, identities, now }),
    firstLinks: createFirstLinks({ database, accounts, now }),
    identities,
    attempts,
    signIn: createSignIn(createLocalAuthenticator(accounts), attempts),
    close: () => identities.close(),
  }
}
