import type { Clock } from '@cygnet/core/clock'
import { hashSecret } from '@cygnet/core/ids'
import type { Kysely } from 'kysely'
import { createActivity } from './activity.ts'
import { createHolds, type Hold } from './holds.ts'
import { createRecent } from './recent.ts'
import { scopesOfUser } from './scopes/roles.ts'
import type { ScopeSet } from './scopes/scope-set.ts'
import { scopesOfToken } from './scopes/token-scopes.ts'
import { parseScopes, type AuthTables } from './tables.ts'

const mostEntries = 10_000
/** How long another process's revocation may go unnoticed; this process's own count at once. */
const trustedFor = 30_000
const secretShape = /^[\w-]{43}$/

/** Someone a secret stands for. */
export interface Identity {
  user: { id: number; name: string; admin: boolean }
  via: 'cookie' | 'token'
  /** Names the session or the token; no secret. */
  credential: string
  /** What it may do: all of the user's for a session, what it was made for for a token. */
  scopes: ScopeSet
  /** Milliseconds since 1970, or infinity. A session goes on from there as long as it is used. */
  expires: number
}

/** What ended: all of a user; a user's sessions, perhaps but one; or a single session or token. */
export type Ended = { user: number } | { sessionsOf: number; except?: string | undefined } | { credential: string }

export interface Identities {
  /** Whom a session's cookie or a token stands for at this moment; from memory where it was asked before. */
  identify(via: Identity['via'], secret: string): Promise<Identity | null>
  /** Told by those who see that a user does something, or that their server does; it is written down before long. */
  active(user: number, at?: Date): void
  /** Told by those who end sessions, tokens and accounts, once the database has it. */
  end(ended: Ended): void
  /** Told by those who change a user in another way: what is known of them is read again. */
  forget(user: number): void
  /** For what lives on a session or a token: tells when that ends. */
  hold: Hold
  /** Writes down the activity that was noticed and stops. */
  close(): Promise<void>
}

export interface IdentitiesOptions {
  database: Kysely<AuthTables>
  /** Milliseconds until a session that is not used ends. */
  sessionLifetime: number
  clock: Clock
  onError: (error: unknown) => void
}

interface Entry {
  identity: Identity
  checked: number
}

export function createIdentities({ database, sessionLifetime, clock, onError }: IdentitiesOptions): Identities {
  const entries = createRecent<Entry>(mostEntries)
  const holds = createHolds({ clock, renew, onError })
  const activity = createActivity({ database, sessionLifetime, onError })
  // Counts changes: what was read from the database before one may not be kept after it.
  let changes = 0

  return {
    async identify(via, secret) {
      if (!secretShape.test(secret)) return null
      const hash = hashSecret(secret)
      const time = clock.now()
      const known = entries.get(hash)
      const entry =
        known !== undefined && time - known.checked < trustedFor ? known : await load(via, hash, time, known)
      if (entry === null || entry.identity.via !== via || entry.identity.expires <= time) return null
      if (via === 'cookie') entry.identity = { ...entry.identity, expires: time + sessionLifetime }
      activity.note(entry.identity, time)
      return entry.identity
    },
    active(user, at) {
      activity.noteUser(user, at?.getTime() ?? clock.now())
    },
    end(ended) {
      drop((identity) => isEnded(identity, ended))
      holds.end((identity) => isEnded(identity, ended))
    },
    forget(user) {
      drop((identity) => identity.user.id === user)
      holds.review((identity) => identity.user.id === user)
    },
    hold: holds.hold,
    close: async () => {
      holds.close()
      await activity.close()
    },
  }

  function drop(isGone: (identity: Identity) => boolean): void {
    changes += 1
    entries.deleteWhere(({ identity }) => isGone(identity))
  }

  async function load(via: Identity['via'], hash: string, time: number, known?: Entry): Promise<Entry | null> {
    const before = changes
    // Whoever comes while this one reads may still trust what was known.
    if (known !== undefined) known.checked = time
    const found = via === 'cookie' ? await findSession(hash) : await findToken({ hash })
    if (changes !== before) return load(via, hash, time)
    if (found === null) {
      entries.delete(hash)
      return null
    }
    const entry = { identity: withActivity(found, known), checked: time }
    entries.set(hash, entry)
    return entry
  }

  /** What an identity is now; null where it ended. */
  async function renew({ via, credential }: Identity): Promise<Identity | null> {
    const found = via === 'cookie' ? await findSession(credential) : await findToken({ id: credential })
    const identity = found === null ? null : withActivity(found, via === 'cookie' ? entries.get(credential) : undefined)
    return identity === null || identity.expires <= clock.now() ? null : identity
  }

  /** A session's activity may be noticed and not yet written. */
  function withActivity(found: Identity, known: Entry | undefined): Identity {
    if (found.via !== 'cookie') return found
    return { ...found, expires: Math.max(found.expires, known?.identity.expires ?? 0) }
  }

  async function findSession(hash: string): Promise<Identity | null> {
    const row = await database
      .selectFrom('sign_in_sessions')
      .innerJoin('users', 'users.id', 'sign_in_sessions.user_id')
      .select(['users.id', 'users.name', 'users.admin', 'sign_in_sessions.expires'])
      .where('sign_in_sessions.hash', '=', hash)
      .where('users.removing', '=', 0)
      .executeTakeFirst()
    if (row === undefined) return null
    const user = { id: row.id, name: row.name, admin: row.admin === 1 }
    return { user, via: 'cookie', credential: hash, scopes: scopesOfUser(user), expires: Date.parse(row.expires) }
  }

  async function findToken(by: { hash: string } | { id: string }): Promise<Identity | null> {
    const row = await database
      .selectFrom('tokens')
      .innerJoin('users', 'users.id', 'tokens.user_id')
      .select(['users.id', 'users.name', 'users.admin', 'tokens.id as token', 'tokens.expires', 'tokens.scopes'])
      .where((where) => ('hash' in by ? where('tokens.hash', '=', by.hash) : where('tokens.id', '=', by.id)))
      .where('users.removing', '=', 0)
      .executeTakeFirst()
    if (row === undefined) return null
    const user = { id: row.id, name: row.name, admin: row.admin === 1 }
    const expires = row.expires === null ? Number.POSITIVE_INFINITY : Date.parse(row.expires)
    return { user, via: 'token', credential: row.token, scopes: scopesOfToken(parseScopes(row.scopes), user), expires }
  }
}

/** Whether something that ended takes this identity with it. */
function isEnded({ user, via, credential }: Identity, ended: Ended): boolean {
  if ('credential' in ended) return credential === ended.credential
  if ('user' in ended) return user.id === ended.user
  return via === 'cookie' && user.id === ended.sessionsOf && credential !== ended.except
}
