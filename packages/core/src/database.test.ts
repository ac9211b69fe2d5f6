import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql, type Kysely } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase, type Migrations } from './database.ts'
import { toCygnetError } from './errors.ts'

interface Tables {
  note: { text: string }
}

const migrations: Migrations = {
  'test-001-note': { up: (db) => db.schema.createTable('note').addColumn('text', 'text').execute() },
}

async function open(): Promise<Kysely<Tables>> {
  const folder = await mkdtemp(join(tmpdir(), 'cygnet-database-'))
  const database = await openDatabase<Tables>(join(folder, 'test.sqlite'), [migrations])
  onTestFinished(async () => {
    await database.destroy()
    await rm(folder, { recursive: true })
  })
  return database
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
