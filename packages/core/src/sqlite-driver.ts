import { setTimeout as delay } from 'node:timers/promises'
import { CompiledQuery, SelectQueryNode, SqliteDialect, SqliteDriver } from 'kysely'
import type { DatabaseConnection, Driver, QueryResult, SqliteDialectConfig, TransactionSettings } from 'kysely'
import { isBusyDatabase } from './errors.ts'

export interface PatientSqliteConfig extends SqliteDialectConfig {
  /** How long a statement may wait for a lock that another program holds; then SQLite's error is thrown. */
  patienceMs: number
}

/**
 * SQLite for a program with one thread: a lock that another program holds is waited for without blocking, by trying again.
 * The database must be opened without a timeout of its own. Writers wait in line; readers go past them, but see nothing of a
 * transaction that is open. A transaction takes the lock when it begins: nothing in it has to be done again.
 */
export class PatientSqliteDialect extends SqliteDialect {
  readonly #config: PatientSqliteConfig

  constructor(config: PatientSqliteConfig) {
    super(config)
    this.#config = config
  }

  override createDriver(): Driver {
    return createPatientDriver(new SqliteDriver(this.#config), this.#config.patienceMs)
  }
}

/** Calls it until it does not fail of a lock, with growing pauses. @throws its error, the last one of a lock where time is up */
export async function whileBusy<Result>(patienceMs: number, work: () => Promise<Result> | Result): Promise<Result> {
  const end = performance.now() + patienceMs
  for (let pause = 1; ; pause = Math.min(2 * pause, longestPause)) {
    try {
      return await work()
    } catch (error) {
      if (!isBusyDatabase(error) || performance.now() + pause > end) throw error
    }
    await delay(pause)
  }
}

const longestPause = 50

interface OpenTransaction {
  by: DatabaseConnection
  /** Lets the next writer begin. */
  leave: () => void
  ended: Promise<void>
}

function createPatientDriver(driver: SqliteDriver, patienceMs: number): Driver {
  let only: DatabaseConnection | undefined
  let lastWriter: Promise<void> = Promise.resolve()
  let open: OpenTransaction | undefined

  /** Runs at once what needs no more than that nobody else's transaction is open. */
  async function execute<Row>(by: DatabaseConnection, query: CompiledQuery): Promise<QueryResult<Row>> {
    if (open !== undefined && open.by !== by) {
      await open.ended
      return execute<Row>(by, query)
    }
    if (only === undefined) throw new Error('The database is not open.')
    return only.executeQuery<Row>(query)
  }

  /** Resolves with the way out once it is one's turn. Those before give up before those behind. */
  async function enter(): Promise<() => void> {
    const before = lastWriter
    const { promise, resolve } = Promise.withResolvers<void>()
    lastWriter = promise
    await before
    return resolve
  }

  function createConnection(): DatabaseConnection {
    const connection: DatabaseConnection = {
      async executeQuery<Row>(query: CompiledQuery) {
        const end = performance.now() + patienceMs
        const isAlone = SelectQueryNode.is(query.query) || open?.by === connection
        const leave = isAlone ? undefined : await enter()
        try {
          return await whileBusy(end - performance.now(), () => execute<Row>(connection, query))
        } finally {
          leave?.()
        }
      },
      async *streamQuery<Row>(query: CompiledQuery) {
        yield await connection.executeQuery<Row>(query)
      },
    }
    return connection
  }

  return {
    async init() {
      await driver.init()
      only = await driver.acquireConnection()
    },
    acquireConnection: async () => createConnection(),
    releaseConnection: async () => undefined,
    async beginTransaction(connection: DatabaseConnection, { accessMode }: TransactionSettings) {
      const end = performance.now() + patienceMs
      const next = await enter()
      const begin = CompiledQuery.raw(accessMode === 'read only' ? 'begin' : 'begin immediate')
      try {
        await whileBusy(end - performance.now(), () => execute(connection, begin))
      } catch (error) {
        next()
        throw error
      }
      const { promise: ended, resolve } = Promise.withResolvers<void>()
      const leave = (): void => {
        open = undefined
        next()
        resolve()
      }
      open = { by: connection, ended, leave }
    },
    async commitTransaction(connection) {
      await connection.executeQuery(CompiledQuery.raw('commit'))
      open?.leave()
    },
    async rollbackTransaction(connection) {
      try {
        await connection.executeQuery(CompiledQuery.raw('rollback'))
      } finally {
        open?.leave()
      }
    },
    destroy: () => driver.destroy(),
  }
}
