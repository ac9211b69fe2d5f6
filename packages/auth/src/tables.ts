import type { Migrations } from '@cygnet/core/database'
import { sql, type Generated } from 'kysely'

/** Times are ISO 8601 in UTC with milliseconds, so that they compare as text; flags are 0 or 1. */
export interface AuthTables {
  users: {
    /** Never used again after a removal: uids of files follow from it. */
    id: Generated<number>
    name: string
    admin: Generated<number>
    password_hash: string | null
    /** Grows with every change that ends sessions, so that a sign-in that began before it cannot end after it. */
    epoch: Generated<number>
    /** Set while the user's server and home are being put away; such a user can neither sign in nor be used. */
    removing: Generated<number>
    created: string
    signed_in: string | null
    last_activity: string | null
  }
  sign_in_sessions: {
    /** SHA-256 of the secret in the cookie. */
    hash: string
    user_id: number
    created: string
    expires: string
  }
  tokens: {
    id: string
    /** SHA-256 of the token. */
    hash: string
    user_id: number
    note: string
    created: string
    last_activity: string | null
    expires: string | null
    /** What it was made for, as it was asked for: a list in JSON. */
    scopes: string
  }
  first_links: {
    /** SHA-256 of the secret in the link. */
    hash: string
    user_id: number
    created: string
  }
}

export const authMigrations: Migrations = {
  'auth-001-accounts': {
    async up(database) {
      await database.schema
        .createTable('users')
        .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
        .addColumn('name', 'text', (column) => column.notNull().unique())
        .addColumn('admin', 'integer', (column) => column.notNull().defaultTo(0))
        .addColumn('password_hash', 'text')
        .addColumn('epoch', 'integer', (column) => column.notNull().defaultTo(0))
        .addColumn('removing', 'integer', (column) => column.notNull().defaultTo(0))
        .addColumn('created', 'text', (column) => column.notNull())
        .addColumn('signed_in', 'text')
        .addColumn('last_activity', 'text')
        .execute()
      await database.schema
        .createTable('sign_in_sessions')
        .addColumn('hash', 'text', (column) => column.primaryKey())
        .addColumn('user_id', 'integer', (column) => column.notNull().references('users.id').onDelete('cascade'))
        .addColumn('created', 'text', (column) => column.notNull())
        .addColumn('expires', 'text', (column) => column.notNull())
        .modifyEnd(sql`without rowid`)
        .execute()
      await database.schema
        .createIndex('sign_in_sessions_of_user')
        .on('sign_in_sessions')
        .columns(['user_id', 'expires'])
        .execute()
      await database.schema
        .createTable('tokens')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('hash', 'text', (column) => column.notNull().unique())
        .addColumn('user_id', 'integer', (column) => column.notNull().references('users.id').onDelete('cascade'))
        .addColumn('note', 'text', (column) => column.notNull())
        .addColumn('created', 'text', (column) => column.notNull())
        .addColumn('last_activity', 'text')
        .addColumn('expires', 'text')
        .execute()
      await database.schema.createIndex('tokens_of_user').on('tokens').column('user_id').execute()
      await database.schema
        .createTable('first_links')
        .addColumn('hash', 'text', (column) => column.primaryKey())
        .addColumn('user_id', 'integer', (column) => column.notNull().references('users.id').onDelete('cascade'))
        .addColumn('created', 'text', (column) => column.notNull())
        .execute()
    },
  },
  'auth-002-token-scopes': {
    async up(database) {
      // Tokens of before could do all that their owners could.
      await database.schema
        .alterTable('tokens')
        .addColumn('scopes', 'text', (column) => column.notNull().defaultTo('["inherit"]'))
        .execute()
    },
  },
}

/** The scopes of a token as the table has them. */
export function parseScopes(text: string): string[] {
  return JSON.parse(text) as string[]
}
