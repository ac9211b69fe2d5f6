import type { Migrations } from '@cygnet/core/database'
import type { EndReason } from './share.ts'

/** One share: with a named user (`recipient`, `access`, `folder`) or by link (`token`, and perhaps a password and an end). */
export interface SharesTable {
  id: string
  owner: string
  /** In the owner's home, without symbolic links. */
  path: string
  /** ISO 8601, as all times here. */
  created: string
  recipient: string | null
  access: 'read' | 'write' | null
  /** The recipient's name for it, unique among what they received; null once it has ended. */
  folder: string | null
  /** As it stands in the link's address: its owner must be able to read it again. */
  token: string | null
  /** argon2id, in its own encoded form. */
  password_hash: string | null
  expires: string | null
  /** What is shared, whatever its path: see identity.ts. Null in rows of before, until somebody looks at them. */
  identity: string | null
  /** The kernel's own name of it, and what its attribute `user.cygnet.id` holds; null where there is none. */
  handle: string | null
  mark: string | null
  /** The identity of its owner's home: another one was put back from elsewhere, with other inodes. */
  home: string | null
  /** When the thing was found to be gone, and how. */
  ended: string | null
  ended_why: EndReason | null
}

export interface StorageTables {
  shares: SharesTable
}

export const storageMigrations: Migrations = {
  'storage-001-shares': {
    async up(database) {
      await database.schema
        .createTable('shares')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('owner', 'text', (column) => column.notNull())
        .addColumn('path', 'text', (column) => column.notNull())
        .addColumn('created', 'text', (column) => column.notNull())
        .addColumn('recipient', 'text')
        .addColumn('access', 'text')
        .addColumn('folder', 'text')
        .addColumn('token', 'text')
        .addColumn('password_hash', 'text')
        .addColumn('expires', 'text')
        .execute()
      await database.schema.createIndex('shares_owner').on('shares').column('owner').execute()
      await database.schema
        .createIndex('shares_recipient')
        .unique()
        .on('shares')
        .columns(['recipient', 'folder'])
        .execute()
      await database.schema.createIndex('shares_token').unique().on('shares').column('token').execute()
    },
  },
  'storage-002-shared-things': {
    async up(database) {
      for (const name of ['identity', 'handle', 'mark', 'home', 'ended', 'ended_why']) {
        await database.schema.alterTable('shares').addColumn(name, 'text').execute()
      }
    },
  },
}
