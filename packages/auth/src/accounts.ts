import { CygnetError } from '@cygnet/core/errors'
import { userName } from '@cygnet/core/user-name'
import type { Kysely, Selectable } from 'kysely'
import type { Identities } from './identities.ts'
import type { Passwords } from './passwords.ts'
import type { AuthTables } from './tables.ts'

export interface User {
  /** Never used again. Where the service runs as root, the user's uid is `uidBase + id`. */
  id: number
  name: string
  admin: boolean
  hasPassword: boolean
  /** Being put away: cannot sign in, and the name is not free yet. */
  removing: boolean
  created: Date
  /** Null until the first sign-in. */
  signedIn: Date | null
  lastActivity: Date | null
  /** Changes whenever sessions end; see {@link AuthTables}. */
  epoch: number
}

export interface Accounts {
  find(name: string): Promise<User | undefined>
  get(id: number): Promise<User | undefined>
  /** All users by name. */
  list(): Promise<User[]>
  /** Up to `limit` users whose name begins so, by name. */
  findByPrefix(prefix: string, limit: number): Promise<User[]>
  /** @throws CygnetError `bad-request` for a wrong name or password, `conflict` where the name is taken */
  create(input: { name: string; admin?: boolean; password?: string | undefined }): Promise<User>
  /** Ends the user's sessions, except perhaps the one that asked for it. Tokens stay. */
  setPassword(user: User, password: string, options?: { keepSession?: string | undefined }): Promise<void>
  setAdmin(user: User, admin: boolean): Promise<void>
  /** True where this is the user's password; takes as long where there is no user. */
  verifyPassword(user: User | undefined, password: string, signal?: AbortSignal): Promise<boolean>
  /** First half of a removal: ends sessions and tokens at once and lets nobody in again. Doing it again is no error. */
  beginRemoval(user: User): Promise<void>
  /** Second half: the name is free again, the id is not. */
  finishRemoval(user: User): Promise<void>
}

export interface AccountsOptions {
  database: Kysely<AuthTables>
  passwords: Passwords
  identities: Identities
  now: () => number
}

export function createAccounts({ database, passwords, identities, now }: AccountsOptions): Accounts {
  return {
    async find(name) {
      return toUser(await database.selectFrom('users').selectAll().where('name', '=', name).executeTakeFirst())
    },
    async get(id) {
      return toUser(await database.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirst())
    },
    async list() {
      return toUsers(await database.selectFrom('users').selectAll().orderBy('name').execute())
    },
    async findByPrefix(prefix, limit) {
      // A range instead of LIKE: it uses the index, and `%` and `_` mean themselves.
      const rows = await database
        .selectFrom('users')
        .selectAll()
        .where('name', '>=', prefix)
        .where('name', '<', `${prefix}\u{10ffff}`)
        .where('removing', '=', 0)
        .orderBy('name')
        .limit(limit)
        .execute()
      return toUsers(rows)
    },
    async create({ name, admin = false, password }) {
      checkName(name)
      const password_hash = password === undefined ? null : await passwords.hash(password)
      const row = await database
        .insertInto('users')
        .values({ name, admin: admin ? 1 : 0, password_hash, created: toText(now()) })
        .onConflict((conflict) => conflict.column('name').doNothing())
        .returningAll()
        .executeTakeFirst()
      const user = toUser(row)
      if (user === undefined)
        throw new CygnetError('conflict', `The user ${name} exists already.`, { mend: 'Choose another name.' })
      return user
    },
    async setPassword(user, password, { keepSession } = {}) {
      const password_hash = await passwords.hash(password)
      await database.transaction().execute(async (change) => {
        await change
          .updateTable('users')
          .set((row) => ({ password_hash, epoch: row('epoch', '+', 1) }))
          .where('id', '=', user.id)
          .execute()
        await change
          .deleteFrom('sign_in_sessions')
          .where('user_id', '=', user.id)
          .where('hash', '!=', keepSession ?? '')
          .execute()
      })
      identities.end({ sessionsOf: user.id, except: keepSession })
    },
    async setAdmin(user, admin) {
      await database
        .updateTable('users')
        .set({ admin: admin ? 1 : 0 })
        .where('id', '=', user.id)
        .execute()
      identities.forget(user.id)
    },
    async verifyPassword(user, password, signal) {
      const row =
        user === undefined
          ? undefined
          : await database.selectFrom('users').select('password_hash').where('id', '=', user.id).executeTakeFirst()
      return passwords.verify(row?.password_hash ?? null, password, signal)
    },
    async beginRemoval(user) {
      await database.transaction().execute(async (change) => {
        await change
          .updateTable('users')
          .set((row) => ({ removing: 1, password_hash: null, epoch: row('epoch', '+', 1) }))
          .where('id', '=', user.id)
          .execute()
        await change.deleteFrom('sign_in_sessions').where('user_id', '=', user.id).execute()
        await change.deleteFrom('tokens').where('user_id', '=', user.id).execute()
        await change.deleteFrom('first_links').where('user_id', '=', user.id).execute()
      })
      identities.end({ user: user.id })
    },
    async finishRemoval(user) {
      await database.deleteFrom('users').where('id', '=', user.id).execute()
    },
  }
}

function checkName(name: string): void {
  const result = userName.safeParse(name)
  if (result.success) return
  const shown = name.length > 40 ? `${name.slice(0, 40)}…` : name
  throw new CygnetError('bad-request', `“${shown}” cannot be a user name.`, {
    mend: result.error.issues[0]?.message ?? '',
  })
}

function toUser(row: Selectable<AuthTables['users']> | undefined): User | undefined {
  if (row === undefined) return undefined
  return {
    id: row.id,
    name: row.name,
    admin: row.admin === 1,
    hasPassword: row.password_hash !== null,
    removing: row.removing === 1,
    created: new Date(row.created),
    signedIn: toDate(row.signed_in),
    lastActivity: toDate(row.last_activity),
    epoch: row.epoch,
  }
}

function toUsers(rows: Array<Selectable<AuthTables['users']>>): User[] {
  return rows.map((row) => toUser(row)).filter((user) => user !== undefined)
}

function toDate(text: string | null): Date | null {
  return text === null ? null : new Date(text)
}

function toText(time: number): string {
  return new Date(time).toISOString()
}
