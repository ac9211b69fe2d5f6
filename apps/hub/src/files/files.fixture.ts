import { createAttempts } from '@cygnet/auth/attempts'
import { openDatabase } from '@cygnet/core/database'
import { createSilentLogger } from '@cygnet/core/log'
import { createHomes } from '@cygnet/storage/homes'
import { storageMigrations, type StorageTables } from '@cygnet/storage/share-tables'
import { createShares, type Shares } from '@cygnet/storage/shares'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createTestHub, type TestHub } from '../testing/test-hub.ts'
import { readExamples } from './examples.ts'
import { createFileRoutes } from './routes.ts'

const isRoot = process.getuid?.() === 0

export interface FileGround extends TestHub {
  shares: Shares
  homes: string
  /** A user's home on the disk. */
  home: (name: string) => string
  /** A user with a token: calls the API as a program would. Without a name, as a guest. */
  as: (name?: string) => Promise<Caller>
}

interface CallInit extends RequestInit {
  headers?: Record<string, string>
}

export interface Caller {
  headers: Record<string, string>
  fetch(method: string, path: string, init?: CallInit): Promise<Response>
  /** Sends and receives JSON. @throws what the service said where it refused, with `status` */
  call<Answer>(method: string, path: string, body?: unknown): Promise<Answer>
}

/** A hub with the routes of files, on real sockets, a real database and real folders. */
export async function createFileGround({
  parent = tmpdir(),
  examples = '',
  patienceSeconds = 300,
} = {}): Promise<FileGround> {
  const folder = await mkdtemp(join(parent, 'cygnet-files-'))
  const database = await openDatabase<StorageTables>(join(folder, 'storage.sqlite'), [storageMigrations])
  let hub: TestHub | undefined
  const find = async (name: string) => hub?.auth.accounts.find(name)
  const homes = createHomes({
    folder: join(folder, 'homes'),
    ownerOf: async (name) => {
      const user = await find(name)
      return user === undefined ? undefined : isRoot ? { uid: 301_000 + user.id, gid: 301_000 + user.id } : null
    },
  })
  const isUser = async (name: string): Promise<boolean> => (await find(name)) !== undefined
  const shares = createShares({ database, homes, isUser, log: createSilentLogger() })
  const routes = createFileRoutes({
    homes,
    shares,
    examples: await readExamples(examples === '' ? join(import.meta.dirname, '../../../../examples') : examples),
    attempts: createAttempts({ attempts: 5, windowSeconds: 300, now: Date.now }),
    publicUrl: () => hub?.url ?? '',
    patienceSeconds,
  })
  hub = await createTestHub({ routes: [routes] })
  onTestFinished(async () => {
    shares.close()
    await database.destroy()
    await rm(folder, { recursive: true, force: true })
  })
  const { auth, url } = hub
  for (const name of ['ann', 'bob', 'cat']) {
    await auth.accounts.create({ name, password: `password of ${name}` })
    await homes.open(name)
  }
  return {
    ...hub,
    shares,
    homes: join(folder, 'homes'),
    home: (name) => join(folder, 'homes', name),
    as: async (name) => createCaller(url, name === undefined ? {} : await tokenOf(name)),
  }

  async function tokenOf(name: string): Promise<Record<string, string>> {
    const answer = await fetch(`${url}/hub/api/users/${name}/tokens`, {
      method: 'POST',
      body: JSON.stringify({ auth: { username: name, password: `password of ${name}` } }),
    })
    const { token } = (await answer.json()) as { token: string }
    return { authorization: `token ${token}` }
  }
}

function createCaller(url: string, headers: Record<string, string>): Caller {
  const caller: Caller = {
    headers,
    fetch: (method, path, init) =>
      fetch(url + path, { redirect: 'manual', ...init, method, headers: { ...headers, ...init?.headers } }),
    async call<Answer>(method: string, path: string, body?: unknown) {
      const json =
        body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
      const response = await caller.fetch(method, path, json)
      const answer: unknown = response.status === 204 ? undefined : await response.json()
      if (!response.ok) throw Object.assign(new Error(`${response.status}`), answer)
      return answer as Answer
    },
  }
  return caller
}

/** The address of what is done with a path in a tree. */
export function at(tree: string, what: string, path: string, more: Record<string, string> = {}): string {
  return `/api/v1/trees/${tree}/${what}?${new URLSearchParams({ path, ...more }).toString()}`
}
