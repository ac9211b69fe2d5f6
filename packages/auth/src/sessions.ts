import { CygnetError } from '@cygnet/core/errors'
import { createSecret, hashSecret } from '@cygnet/core/ids'
import type { Kysely } from 'kysely'
import type { User } from './accounts.ts'
import type { Identities } from './identities.ts'
import type { AuthTables } from './tables.ts'

/** More than people have browsers; the oldest make room. */
const mostPerUser = 100

export interface Sessions {
  /**
   * Signs a user in. @returns the secret for the cookie, kept nowhere else
   * @throws CygnetError `unauthenticated` where the password changed or the user is removed since `user` was read
   */
  create(user: User): Promise<string>
  /** Signs out; a session that is gone is no error. `credential` as in an identity. */
  end(credential: string): Promise<void>
  /** Ends the session of a cookie's secret, whatever it is: nobody keeps two. */
  endSecret(secret: string): Promise<void>
}

export interface SessionsOptions {
  database: Kysely<AuthTables>
  identities: Identities
  sessionLifetime: number
  now: () => number
}

export function createSessions({ database, identities, sessionLifetime, now }: SessionsOptions): Sessions {
  return {
    async create(user) {
      const secret = createSecret()
      const time = now()
      const created = new Date(time).toISOString()
      const expires = new Date(time + sessionLifetime).toISOString()
      await database.transaction().execute(async (change) => {
        const { numUpdatedRows } = await change
          .updateTable('users')
          .set({ signed_in: created, last_activity: created })
          .where('id', '=', user.id)
          .where('epoch', '=', user.epoch)
          .where('removing', '=', 0)
          .executeTakeFirst()
        if (numUpdatedRows === 0n)
          throw new CygnetError('unauthenticated', 'The account changed while you signed in.', { mend: 'Try again.' })
        await change.deleteFrom('sign_in_sessions').where('expires', '<=', created).execute()
        await change
          .insertInto('sign_in_sessions')
          .values({ hash: hashSecret(secret), user_id: user.id, created, expires })
          .execute()
        const others = change
          .selectFrom('sign_in_sessions')
          .select('hash')
          .where('user_id', '=', user.id)
          .orderBy('expires', 'desc')
          .limit(-1)
          .offset(mostPerUser)
        await change.deleteFrom('sign_in_sessions').where('hash', 'in', others).execute()
      })
      return secret
    },
    end,
    endSecret: (secret) => end(hashSecret(secret)),
  }

  async function end(credential: string): Promise<void> {
    await database.deleteFrom('sign_in_sessions').where('hash', '=', credential).execute()
    identities.end({ credential })
  }
}
