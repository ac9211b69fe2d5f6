import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Release } from '@cygnet/contract/v1/servers'
import { openDatabase } from '@cygnet/core/database'
import { createSilentLogger } from '@cygnet/core/log'
import type { Mount } from '@cygnet/spawners/spawner'
import type { Kysely } from 'kysely'
import type { ServerLimits } from '../limits.ts'
import { serverMigrations } from '../migrations.ts'
import type { ProgressEvent } from '../progress.ts'
import { createBasePath } from '../../base-path.ts'
import { createServers, type Servers } from '../servers.ts'
import type { ServerTables } from '../tables.ts'
import { createProcessSpawner, type ProcessSpawner } from './process-spawner.ts'

export const ada = { id: 1, name: 'ada' }
export const bob = { id: 2, name: 'bob' }

export const releases: Release[] = [
  { id: '2026.11', title: 'November', description: '', highlights: [] },
  { id: '2026.05', title: 'May', description: '', highlights: [] },
]

export const limits: ServerLimits = {
  cores: { default: 1, max: 4 },
  memoryGiB: { default: 2, max: 8 },
  processes: 100,
  startMilliseconds: 10_000,
  concurrentStarts: 4,
}

export interface World extends AsyncDisposable {
  folder: string
  servers: Servers
  spawner: ProcessSpawner
  database: Kysely<ServerTables>
  /** How the session behaves that is started next. */
  mode: string
  mounts: Mount[]
  /** What sessions say at `/api/status`. */
  say(status: unknown): Promise<void>
  /** What was told of when servers were last active. */
  active: Array<{ user: string; last: Date }>
  /** Asked for them; usually it resolves with `mounts` at once. */
  mountsOf: () => Promise<Mount[]>
  /** Another run of the service on the same data; below the path of an address, if one is given. */
  restart(publicUrl?: string): Promise<Servers>
}

/** Servers on a database and a spawner of their own; everything ends with it. */
export async function openWorld(options: { limits?: Partial<ServerLimits>; folder?: string } = {}): Promise<World> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'srv-')))
  const database = await openDatabase<ServerTables>(join(folder, 'cygnet.sqlite'), [serverMigrations])
  const spawner = createProcessSpawner(join(folder, 'run'))
  const statusFile = join(folder, 'status.json')
  await writeFile(statusFile, '{}')
  const open = (publicUrl?: string): Servers =>
    createServers({
      base: createBasePath(publicUrl),
      database,
      spawner,
      limits: { ...limits, ...options.limits },
      releases: async () => releases,
      describeSession: () => ({
        software: [],
        command: [process.execPath, fileURLToPath(new URL('./session.mjs', import.meta.url))],
        environment: { SESSION_MODE: world.mode, SESSION_STATUS: statusFile, CYGNET_URL: 'http://hub' },
        home: folder,
        uid: null,
        frontDoorPort: null,
      }),
      mountsOf: () => world.mountsOf(),
      active: (user, last) => void world.active.push({ user: user.name, last }),
      activityMilliseconds: 20,
      logger: createSilentLogger(),
    })
  const world: World = {
    folder,
    database,
    spawner,
    mode: 'ready',
    mounts: [],
    active: [],
    say: (status) => writeFile(statusFile, JSON.stringify(status)),
    mountsOf: async () => world.mounts,
    servers: open(),
    async restart(publicUrl) {
      world.servers = open(publicUrl)
      await world.servers.restore()
      return world.servers
    },
    async [Symbol.asyncDispose]() {
      await world.servers.close({ servers: 'stop' })
      await spawner.sweep?.([])
      await database.destroy()
      await rm(folder, { recursive: true })
    },
  }
  return world
}

/** Starts and waits for the end of the start. */
export async function startFully(servers: Servers, user = ada, wish = {}): Promise<ProgressEvent[]> {
  await servers.start(user, wish)
  return collect(servers, user)
}

export async function collect(servers: Servers, user = ada): Promise<ProgressEvent[]> {
  return Array.fromAsync(servers.watch(user, new AbortController().signal))
}

/** Asks a running server as the proxy does. */
export async function ask(
  servers: Servers,
  path: string,
  user = ada,
): Promise<{ pid: number; started: string; environment: Record<string, string> }> {
  const route = servers.route(user.name)
  if (route.at !== 'running' || route.target.address.kind !== 'socket') throw new Error(`It is ${route.at}.`)
  const { address, authorization } = route.target
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const sent = request({ socketPath: address.path, path: route.target.basePath + path, headers: { authorization } })
  sent.on('response', (response) => void text(response).then(resolve, reject)).on('error', reject)
  sent.end()
  return JSON.parse(await promise) as { pid: number; started: string; environment: Record<string, string> }
}
