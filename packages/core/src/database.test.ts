import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import SqliteDatabase from 'better-sqlite3'
import { sql, type Kysely } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase, type DatabaseOptions, type Migrations } from './database.ts'
import { toCygnetError } from './errors.ts'

interface Tables {
  note: { text: string }
}

const migrations: Migrations = {
  'test-001-note': { up: (db) => db.schema.createTable('note').addColumn('text', 'text').execute() },
}

async function open(options?: DatabaseOptions): Promise<Kysely<Tables>> {
  return (await openBesideAnother(options)).database
}

/** `another` is a connection of its own to the same file, as another program has it. */
async function openBesideAnother(options?: DatabaseOptions) {
  const folder = await mkdtemp(join(tmpdir(), 'cygnet-database-'))
  const path = join(folder, 'test.sqlite')
  const database = await openDatabase<Tables>(path, [migrations], options)
  const another = new SqliteDatabase(path)
  onTestFinished(async () => {
    another.close()
    await database.destroy()
    await rm(folder, { recursive: true })
  })
  return { database, another }
}

function texts(database: Kysely<Tables>): Promise<string[]> {
  return database
    .selectFrom('note')
    .select('text')
    .execute()
    .then((rows) => rows.map(({ text }) => text))
}

test('a database that can grow no more is told as a full disk, within a transaction too, and is as it was', async () => {
  const database = await open()
  await database.insertInto('note').values({ text: 'kept' }).execute()
  await sql`pragma max_page_count = 20`.execute(database)
  const large = { text: 'x'.repeat(1_000_000) }
  const alone: unknown = await database.insertInto('note').values(large).execute().catch(toCygnetError)
  const within: unknown = await database
    .transaction()
    .execute((transaction) => transaction.insertInto('note').values(large).execute())
    .catch(toCygnetError)
  for (const error of [alone, within])
    expect(error).toMatchObject({ code: 'insufficient-storage', mend: 'Free some space and try again.' })
  expect(await database.selectFrom('note').selectAll().execute()).toEqual([{ text: 'kept' }])
  await database.insertInto('note').values({ text: 'well again' }).execute()
})

test('a lock of another program is waited for without blocking anybody, in the order of asking', async () => {
  const { database, another } = await openBesideAnother()
  another.exec('begin immediate')
  const written: string[] = []
  const write = async (text: string): Promise<void> => {
    await database.insertInto('note').values({ text }).execute()
    written.push(text)
  }
  const within = database.transaction().execute(async (transaction) => {
    await transaction.insertInto('note').values({ text: 'second' }).execute()
    written.push('second')
  })
  const all = [write('first'), within, write('third')]
  expect(await texts(database)).toEqual([])
  expect(written).toEqual([])
  another.exec('commit')
  await Promise.all(all)
  expect([...written].toSorted()).toEqual(['first', 'second', 'third'])
  expect(await texts(database)).toEqual(['second', 'first', 'third'])
})

test('whoever waited long enough for a lock is told so, and can go on afterwards', async () => {
  const { database, another } = await openBesideAnother({ patienceMs: 50 })
  another.exec('begin immediate')
  const failures = await Promise.all([
    database.insertInto('note').values({ text: 'alone' }).execute().catch(toCygnetError),
    database
      .transaction()
      .execute((transaction) => transaction.insertInto('note').values({ text: 'within' }).execute())
      .catch(toCygnetError),
  ])
  for (const failure of failures) expect(failure).toMatchObject({ code: 'unavailable', retryAfter: 2 })
  another.exec('rollback')
  await database.insertInto('note').values({ text: 'after' }).execute()
  expect(await texts(database)).toEqual(['after'])
})

test('a database that another program has for itself is opened once it is free', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cygnet-database-'))
  const another = new SqliteDatabase(join(folder, 'test.sqlite'))
  another.exec('begin exclusive; create table theirs (text)')
  const opening = openDatabase<Tables>(another.name, [migrations])
  another.exec('commit')
  another.close()
  const database = await opening
  onTestFinished(async () => {
    await database.destroy()
    await rm(folder, { recursive: true })
  })
  await database.insertInto('note').values({ text: 'ours' }).execute()
  expect(await texts(database)).toEqual(['ours'])
})

test('nobody sees a transaction before it ends', async () => {
  const database = await open()
  const { promise: goOn, resolve } = Promise.withResolvers<void>()
  const { promise: inside, resolve: isInside } = Promise.withResolvers<void>()
  const changing = database.transaction().execute(async (transaction) => {
    await transaction.insertInto('note').values({ text: 'undone' }).execute()
    isInside()
    await goOn
    throw new Error('no')
  })
  await inside
  const seen = texts(database)
  const written = database.insertInto('note').values({ text: 'outside' }).execute()
  resolve()
  await expect(changing).rejects.toThrow('no')
  expect(await seen).toEqual([])
  await written
  expect(await texts(database)).toEqual(['outside'])
})
