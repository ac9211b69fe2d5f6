import { CygnetError } from '@cygnet/core/errors'
import { createId, createSecret, hashSecret } from '@cygnet/core/ids'
import type { Kysely } from 'kysely'
import type { User } from './accounts.ts'
import type { Identities } from './identities.ts'
import { scopesOfToken, grantTokenScopes, type TokenRequest } from './scopes/token-scopes.ts'
import { scopesOfUser } from './scopes/roles.ts'
import { toScopeList, type ScopeSet } from './scopes/scope-set.ts'
import { parseScopes, type AuthTables } from './tables.ts'

const mostPerUser = 1000
const longestNote = 300

export interface Token {
  id: string
  note: string
  created: Date
  /** Written every half minute. */
  lastActivity: Date | null
  expires: Date | null
  /** What it may do now, spelled out. */
  scopes: string[]
}

/** Who makes a token: what they may do, and until when. */
export interface TokenMaker {
  scopes: ScopeSet
  /** Milliseconds since 1970, or infinity. */
  expires: number
}

export interface TokenInput extends TokenRequest {
  note: string
  /** Seconds; for ever, or as long as its maker's token, unless said. */
  lifetime?: number | undefined
  /** The owner unless said. */
  maker?: TokenMaker | undefined
}

export interface Tokens {
  /**
   * @returns the token, and its secret, which is kept nowhere
   * @throws CygnetError `conflict` where the user has too many or is being removed, `bad-request` for scopes or a lifetime
   * that are not the maker's to give
   */
  create(user: User, input: TokenInput): Promise<{ token: Token; secret: string }>
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
    async create(user, { note, lifetime, maker, ...request }) {
      const scopes = grantTokenScopes(request, user, maker?.scopes ?? scopesOfUser(user))
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
        expires: toExpiry(time, lifetime, maker?.expires ?? Number.POSITIVE_INFINITY),
        scopes: JSON.stringify(scopes),
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
      return { token: toToken(user, row), secret }
    },
    async list(user) {
      const rows = await current(user).orderBy('created').execute()
      return rows.map((row) => toToken(user, row))
    },
    async find(user, id) {
      const row = await current(user).where('id', '=', id).executeTakeFirst()
      return row === undefined ? undefined : toToken(user, row)
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
      .select(['id', 'note', 'created', 'last_activity', 'expires', 'scopes'])
      .where('user_id', '=', user.id)
      .where((where) => where.or([where('expires', 'is', null), where('expires', '>', time)]))
  }
}

function toExpiry(time: number, lifetime: number | undefined, most: number): string | null {
  if (lifetime === undefined) return most === Number.POSITIVE_INFINITY ? null : new Date(most).toISOString()
  const expires = new Date(time + lifetime * 1000)
  // Beyond what a date can hold, or a year of more than four digits, which does not compare as text.
  if (!(expires.getTime() < Date.UTC(10_000, 0)))
    throw new CygnetError('bad-request', `A token cannot last ${lifetime} seconds.`, { mend: 'Leave it out for ever.' })
  if (expires.getTime() > most)
    throw new CygnetError('bad-request', 'A token cannot make one that lasts longer than itself.', {
      mend: `Leave expires_in out for one that ends with it, at ${new Date(most).toISOString()}.`,
    })
  return expires.toISOString()
}

interface TokenRow {
  id: string
  note: string
  created: string
  last_activity: string | null
  expires: string | null
  scopes: string
}

function toToken(owner: User, row: TokenRow): Token {
  return {
    id: row.id,
    note: row.note,
    created: new Date(row.created),
    lastActivity: row.last_activity === null ? null : new Date(row.last_activity),
    expires: row.expires === null ? null : new Date(row.expires),
    scopes: toScopeList(scopesOfToken(parseScopes(row.scopes), owner)),
  }
}
