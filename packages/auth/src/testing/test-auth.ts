import { parseConfig, type ConfigInput } from '@cygnet/core/config'
import { openDatabase } from '@cygnet/core/database'
import { createSilentLogger } from '@cygnet/core/log'
import { createTestClock } from '@cygnet/core/testing/test-clock'
import type { Kysely } from 'kysely'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createAuth, type Auth } from '../auth.ts'
import { authMigrations, type AuthTables } from '../tables.ts'

export interface TestAuth {
  auth: Auth
  database: Kysely<AuthTables>
  /** Another process on the same database. */
  another: () => Auth
  /** Moves the clock, in seconds. */
  pass: (seconds: number) => void
}

/** Auth on a database of its own; it is gone with the test. */
export async function createTestAuth(signIn: ConfigInput['signIn'] = {}): Promise<TestAuth> {
  const folder = await mkdtemp(join(tmpdir(), 'cygnet-auth-'))
  const database = await openDatabase<AuthTables>(join(folder, 'cygnet.sqlite'), [authMigrations])
  const clock = createTestClock()
  const all: Auth[] = []
  const create = (): Auth => {
    const auth = createAuth({ database, signIn: parseConfig({ signIn }).signIn, log: createSilentLogger(), clock })
    all.push(auth)
    return auth
  }
  onTestFinished(async () => {
    for (const auth of all) await auth.close()
    await database.destroy()
    await rm(folder, { recursive: true })
  })
  return { auth: create(), database, another: create, pass: clock.pass }
}
