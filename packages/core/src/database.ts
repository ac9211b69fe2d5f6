import SqliteDatabase from 'better-sqlite3'
import { Kysely, Migrator, SqliteDialect, type Migration, type SqliteDatabase as SqliteDialectDatabase } from 'kysely'

/** A block's own tables. Names sort in the order in which they are applied and begin with the block's name: `auth-001-users`. */
export type Migrations = Record<string, Migration>

/**
 * Opens (or creates) the embedded database and brings its tables up to date.
 * Several processes may have it open at once (write-ahead log, 5 s of waiting for a lock).
 *
 * @typeParam Tables - the tables of all blocks whose migrations are given
 * @throws the system's error where the file cannot be opened, Kysely's where a migration fails (nothing is applied then)
 */
export async function openDatabase<Tables>(path: string, migrations: Migrations[]): Promise<Kysely<Tables>> {
  const sqlite = new SqliteDatabase(path, { timeout: 5000 })
  sqlite.pragma('journal_mode = WAL')
  sqlite.pragma('synchronous = NORMAL')
  sqlite.pragma('foreign_keys = ON')
  const database = new Kysely<Tables>({ dialect: new SqliteDialect({ database: withLenientRollback(sqlite) }) })
  try {
    await migrate(database, Object.assign({}, ...migrations))
  } catch (error) {
    await database.destroy()
    throw error
  }
  return database
}

/** SQLite rolls back by itself on a full disk. To do it again would fail, and that error would hide why. */
function withLenientRollback(sqlite: SqliteDatabase.Database): SqliteDialectDatabase {
  const nothing = 'select 1 where false'
  return {
    close: () => sqlite.close(),
    prepare: (words) => sqlite.prepare(words === 'rollback' && !sqlite.inTransaction ? nothing : words),
  }
}

async function migrate<Tables>(database: Kysely<Tables>, migrations: Migrations): Promise<void> {
  const migrator = new Migrator({
    db: database,
    provider: { getMigrations: async () => migrations },
    allowUnorderedMigrations: true,
  })
  const { error } = await migrator.migrateToLatest()
  if (error instanceof Error) throw error
  if (error !== undefined) throw new Error('A database migration failed.', { cause: error })
}
