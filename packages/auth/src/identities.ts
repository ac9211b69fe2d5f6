import { hashSecret } from '@cygnet/core/ids'
import type { Kysely } from 'kysely'
import { createActivity } from './activity.ts'
import { createRecent } from './recent.ts'
import type { AuthTables } from './tables.ts'

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
}

/** What ended: all of a user; a user's sessions, perhaps but one; or a single session or token. */
export type Ended = { user: number } | { sessionsOf: number; except?: string | undefined } | { credential: string }

export interface Identities {
  /** Whom a session's cookie or a token stands for at this moment; from memory where it was asked before. */
  identify(via: Identity['via'], secret: string): Promise<Identity | null>
  /** Told by those who end sessions, tokens and accounts, once the database has it. */
  end(ended: Ended): void
  /** Told by those who change a user in another way: what is known of them is read again. */
  forget(user: number): void
  /** Tells whenever something ended, so that connections that live on it can be cut. @returns what stops the telling */
  onEnd(listener: (ended: Ended) => void): () => void
  /** Writes down the activity that was noticed and stops. */
  close(): Promise<void>
}

export interface IdentitiesOptions {
  database: Kysely<AuthTables>
  /** Milliseconds until a session that is not used ends. */
  sessionLifetime: number
  now: () => number
  onError: (error: unknown) => void
}

interface Entry {
  identity: Identity
  expires: number
  checked: number
}

export function createIdentities({ database, sessionLifetime, now, onError }: IdentitiesOptions): Identities {
  const entries = createRecent<Entry>(mostEntries)
  const listeners = new Set<(ended: Ended) => void>()
  const activity = createActivity({ database, sessionLifetime, onError })
  // Counts changes: what was read from the database before one may not be kept after it.
  let changes = 0

  return {
    async identify(via, secret) {
      if (!secretShape.test(secret)) return null
      const hash = hashSecret(secret)
      const time = now()
      const known = entries.get(hash)
      const entry =
        known !== undefined && time - known.checked < trustedFor ? known : await load(via, hash, time, known)
      if (entry === null || entry.identity.via !== via || entry.expires <= time) return null
      if (via === 'cookie') entry.expires = time + sessionLifetime
      activity.note(entry.identity, time)
      return entry.identity
    },
    end(ended) {
      drop((identity) => isEnded(identity, ended))
      for (const listener of listeners) listener(ended)
    },
    forget(user) {
      drop((identity) => identity.user.id === user)
    },
    onEnd(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: () => activity.close(),
  }

  function drop(isGone: (identity: Identity) => boolean): void {
    changes += 1
    entries.deleteWhere(({ identity }) => isGone(identity))
  }

  async function load(via: Identity['via'], hash: string, time: number, known?: Entry): Promise<Entry | null> {
    const before = changes
    // Whoever comes while this one reads may still trust what was known.
    if (known !== undefined) known.checked = time
    const found = via === 'cookie' ? await findSession(hash) : await findToken(hash)
    if (changes !== before) return load(via, hash, time)
    if (found === null) {
      entries.delete(hash)
      return null
    }
    // A session's activity may be noticed and not yet written.
    const expires = via === 'cookie' ? Math.max(found.expires, known?.expires ?? 0) : found.expires
    const entry = { identity: found.identity, expires, checked: time }
    entries.set(hash, entry)
    return entry
  }

  async function findSession(hash: string): Promise<Omit<Entry, 'checked'> | null> {
    const row = await database
      .selectFrom('sign_in_sessions')
      .innerJoin('users', 'users.id', 'sign_in_sessions.user_id')
      .select(['users.id', 'users.name', 'users.admin', 'sign_in_sessions.expires'])
      .where('sign_in_sessions.hash', '=', hash)
      .where('users.removing', '=', 0)
      .executeTakeFirst()
    if (row === undefined) return null
    const user = { id: row.id, name: row.name, admin: row.admin === 1 }
    return { identity: { user, via: 'cookie', credential: hash }, expires: Date.parse(row.expires) }
  }

  async function findToken(hash: string): Promise<Omit<Entry, 'checked'> | null> {
    const row = await database
      .selectFrom('tokens')
      .innerJoin('users', 'users.id', 'tokens.user_id')
      .select(['users.id', 'users.name', 'users.admin', 'tokens.id as token', 'tokens.expires'])
      .where('tokens.hash', '=', hash)
      .where('users.removing', '=', 0)
      .executeTakeFirst()
    if (row === undefined) return null
    const user = { id: row.id, name: row.name, admin: row.admin === 1 }
    const expires = row.expires === null ? Number.POSITIVE_INFINITY : Date.parse(row.expires)
    return { identity: { user, via: 'token', credential: row.token }, expires }
  }
}

/** Whether something that ended takes this identity with it. */
export function isEnded({ user, via, credential }: Identity, ended: Ended): boolean {
  if ('credential' in ended) return credential === ended.credential
  if ('user' in ended) return user.id === ended.user
  return via === 'cookie' && user.id === ended.sessionsOf && credential !== ended.except
}
