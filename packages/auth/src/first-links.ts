import { createSecret, hashSecret } from '@cygnet/core/ids'
import type { Kysely } from 'kysely'
import type { Accounts, User } from './accounts.ts'
import type { AuthTables } from './tables.ts'

export interface FirstLinks {
  /**
   * Makes the link by which the first administrator signs in, and ends the one before it.
   * The administrator is made too where there is none yet, as `admin`.
   * @returns the secret for the link, or null once an administrator signed in or has a password
   */
  create(): Promise<string | null>
  /** Takes the link: whom it signs in, or undefined where it was taken before or never was. */
  take(secret: string): Promise<User | undefined>
}

export interface FirstLinksOptions {
  database: Kysely<AuthTables>
  accounts: Accounts
  now: () => number
}

export function createFirstLinks({ database, accounts, now }: FirstLinksOptions): FirstLinks {
  return {
    async create() {
      const users = await accounts.list()
      const administrators = users.filter((user) => user.admin && !user.removing)
      if (administrators.some((user) => user.hasPassword || user.signedIn !== null)) return null
      const administrator = administrators[0] ?? (await createAdministrator(users))
      const secret = createSecret()
      const row = { hash: hashSecret(secret), user_id: administrator.id, created: new Date(now()).toISOString() }
      await database.transaction().execute(async (change) => {
        await change.deleteFrom('first_links').execute()
        await change.insertInto('first_links').values(row).execute()
      })
      return secret
    },
    async take(secret) {
      // Deleting is what takes it: of two at the same moment one finds nothing to delete.
      const row = await database
        .deleteFrom('first_links')
        .where('hash', '=', hashSecret(secret))
        .returning('user_id')
        .executeTakeFirst()
      return row === undefined ? undefined : accounts.get(row.user_id)
    },
  }

  async function createAdministrator(users: User[]): Promise<User> {
    const taken = new Set(users.map((user) => user.name))
    let name = 'admin'
    // Someone who was given this name as an ordinary user does not become an administrator by it.
    for (let number = 2; taken.has(name); number += 1) name = `admin${number}`
    return accounts.create({ name, admin: true })
  }
}
