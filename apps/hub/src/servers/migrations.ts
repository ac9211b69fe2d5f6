import type { Migrations } from '@cygnet/core/database'

/** The tables of {@link ServerTables}. */
export const serverMigrations: Migrations = {
  'servers-001-servers': {
    async up(database) {
      await database.schema
        .createTable('servers')
        .addColumn('user_id', 'integer', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('user_name', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('spawner', 'text', (column) => column.notNull())
        .addColumn('start_id', 'text', (column) => column.notNull())
        .addColumn('secret', 'text', (column) => column.notNull())
        .addColumn('handle', 'text')
        .addColumn('address', 'text')
        .addColumn('choice', 'text', (column) => column.notNull())
        .addColumn('options', 'text', (column) => column.notNull())
        .addColumn('started', 'text', (column) => column.notNull())
        .addColumn('last_activity', 'text', (column) => column.notNull())
        .addColumn('reason', 'text')
        .addPrimaryKeyConstraint('servers_key', ['user_id', 'name'])
        .execute()
      await database.schema
        .createTable('server_choices')
        .addColumn('user_id', 'integer', (column) => column.primaryKey())
        .addColumn('choice', 'text', (column) => column.notNull())
        .execute()
    },
  },
  'servers-002-base-path': {
    async up(database) {
      await database.schema.alterTable('servers').addColumn('base_path', 'text').execute()
    },
  },
}
