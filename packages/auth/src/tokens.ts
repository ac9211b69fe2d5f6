import { CygnetError } from '@cygnet/core/errors'
import { createId, createSecret, hashSecret } from '@cygnet/core/ids'
import type { Kysely } from 'kysely'
import type { User } from './accounts.ts'
import type { Identities } from './identities.ts'
import type { AuthTables } from './tables.ts'

const mostPerUser = 1000
const longestNote = 300

export interface Token {
  id: string
  note: string
  created: Date
  /** Written every half minute. */
  lastActivity: Date | null
  expires: Date | null
}

export interface Tokens {
  /**
   * @param input.lifetime - seconds, for ever unless said
   * @returns the token, and its secret, which is kept nowhere
   * @throws CygnetError `conflict` where the user has too many or is being removed
   */
  create(user: User, input: { note: string; lifetime?: number | undefined }): Promise<{ token: Token; secret: string }>
  /** Those that have not expired, oldest first. */
  list(user: User): Promise<Token[]>
  /** The user's own token of this id, unless it expired. */
  find(user: User, id: string): Promise<Token | undefined>
  /** Takes effect at once. @returns false where the user has no such token */
  revoke(user: User, id: string): Promise<boolean>
}

export interface TokensOptions {
  database: Kysely<AuthTables>
  identities: Identities
  now: () => number
}

export function createTokens({ database, identities, now }: TokensOptions): Tokens {
  return {
    async create(user, { note, lifetime }) {
      const secret = createSecret()
      const time = now()
      const created = new Date(time).toISOString()
      const row = {
        id: createId(),
        hash: hashSecret(secret),
        user_id: user.id,
        note: note.slice(0, longestNote),
        created,
        last_activity: null,
        expires: lifetime === undefined ? null : toExpiry(time, lifetime),
      }
      await database.transaction().execute(async (change) => {
        await change.deleteFrom('tokens').where('user_id', '=', user.id).where('expires', '<=', created).execute()
        const { count } = await change
          .selectFrom('tokens')
          .select((select) => select.fn.countAll<number>().as('count'))
          .where('user_id', '=', user.id)
          .executeTakeFirstOrThrow()
        if (count >= mostPerUser)
          throw new CygnetError('conflict', `${user.name} has ${mostPerUser} tokens, more than anyone needs.`, {
            mend: 'Revoke the ones that are not used any more, or let tokens expire.',
          })
        const owner = await change.selectFrom('users').select('removing').where('id', '=', user.id).executeTakeFirst()
        if (owner?.removing !== 0) throw new CygnetError('conflict', `The user ${user.name} is being removed.`)
        await change.insertInto('tokens').values(row).execute()
      })
      return { token: toToken(row), secret }
    },
    async list(user) {
      const rows = await current(user).orderBy('created').execute()
      return rows.map((row) => toToken(row))
    },
    async find(user, id) {
      const row = await current(user).where('id', '=', id).executeTakeFirst()
      return row === undefined ? undefined : toToken(row)
    },
    async revoke(user, id) {
      const { numDeletedRows } = await database
        .deleteFrom('tokens')
        .where('id', '=', id)
        .where('user_id', '=', user.id)
        .executeTakeFirst()
      identities.end({ credential: id })
      return numDeletedRows > 0n
    },
  }

  function current(user: User) {
    const time = new Date(now()).toISOString()
    return database
      .selectFrom('tokens')
      .select(['id', 'note', 'created', 'last_activity', 'expires'])
      .where('user_id', '=', user.id)
      .where((where) => where.or([where('expires', 'is', null), where('expires', '>', time)]))
  }
}

function toExpiry(time: number, lifetime: number): string {
  const expires = new Date(time + lifetime * 1000)
  // Beyond what a date can hold, or a year of more than four digits, which does not compare as text.
  if (!(expires.getTime() < Date.UTC(10_000, 0)))
    throw new CygnetError('bad-request', `A token cannot last ${lifetime} seconds.`, { mend: 'Leave it out for ever.' })
  return expires.toISOString()
}

function toToken(row: {
  id: string
  note: string
  created: string
  last_activity: string | null
  expires: string | null
}): Token {
  return {
    id: row.id,
    note: row.note,
    created: new Date(row.created),
    lastActivity: row.last_activity === null ? null : new Date(row.last_activity),
    expires: row.expires === null ? null : new Date(row.expires),
  }
}
