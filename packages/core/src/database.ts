import SqliteDatabase from 'better-sqlite3'
import { Kysely, Migrator, type Migration, type SqliteDatabase as SqliteDialectDatabase } from 'kysely'
import { PatientSqliteDialect, whileBusy } from './sqlite-driver.ts'

/** A block's own tables. Names sort in the order in which they are applied and begin with the block's name: `auth-001-users`. */
export type Migrations = Record<string, Migration>

export interface DatabaseOptions {
  /** How long whoever writes waits for a lock that another program holds; then SQLite's error is thrown. 5 s unless said. */
  patienceMs?: number
}

/**
 * Opens (or creates) the embedded database and brings its tables up to date. Several processes may have it open at once
 * (write-ahead log): who waits for another's lock blocks nobody else.
 *
 * @typeParam Tables - the tables of all blocks whose migrations are given
 * @throws the system's error where the file cannot be opened, Kysely's where a migration fails (nothing is applied then)
 */
export async function openDatabase<Tables>(
  path: string,
  migrations: Migrations[],
  { patienceMs = 5000 }: DatabaseOptions = {},
): Promise<Kysely<Tables>> {
  // SQLite's own waiting for a lock would stop the thread, and every request with it.
  const sqlite = new SqliteDatabase(path, { timeout: 0 })
  try {
    await whileBusy(patienceMs, () => sqlite.pragma('journal_mode = WAL'))
  } catch (error) {
    sqlite.close()
    throw error
  }
  sqlite.pragma('synchronous = NORMAL')
  sqlite.pragma('foreign_keys = ON')
  const dialect = new PatientSqliteDialect({ database: withLenientRollback(sqlite), patienceMs })
  const database = new Kysely<Tables>({ dialect })
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
