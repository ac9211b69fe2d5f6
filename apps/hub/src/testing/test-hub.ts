import { createAuth, type Auth } from '@cygnet/auth/auth'
import { authMigrations, type AuthTables } from '@cygnet/auth/tables'
import { parseConfig, type ConfigInput } from '@cygnet/core/config'
import { openDatabase } from '@cygnet/core/database'
import type { Logger } from '@cygnet/core/log'
import { createTestClock } from '@cygnet/core/testing/test-clock'
import { pino } from 'pino'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createHub, type Hub, type HubDeps } from '../app.ts'
import type { ServerState } from '../server-states.ts'

export interface TestHub {
  hub: Hub
  auth: Auth
  url: string
  port: number
  folder: string
  adminSocket: string
  /** What the log holds, a line each. */
  logged: string[]
  /** Set by a test to give a user a server. */
  servers: Map<number, ServerState>
  /** Names whose server was asked to start on the way to it. */
  started: string[]
  /** Names whose server was stopped and whose home was set aside. */
  removed: string[]
  putAside: string[]
  /** Moves the clock of sign-in, in seconds, with what is due in them. */
  pass: (seconds: number) => void
}

export interface TestHubOptions {
  signIn?: ConfigInput['signIn']
  publicUrl?: string
  trustProxy?: boolean
  proxy?: HubDeps['proxy']
  /** Instead of the ones that the test sets in `servers`. */
  states?: HubDeps['servers']
  routes?: HubDeps['routes']
  /** How long a lock of another program on the database is waited for. */
  patienceMs?: number
}

/** A hub on a free port with a database of its own; it is gone with the test. */
export async function createTestHub(options: TestHubOptions = {}): Promise<TestHub> {
  const folder = await mkdtemp(join(tmpdir(), 'cygnet-hub-'))
  const { patienceMs = 5000 } = options
  const database = await openDatabase<AuthTables>(join(folder, 'cygnet.sqlite'), [authMigrations], { patienceMs })
  const logged: string[] = []
  const log: Logger = pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) })
  const clock = createTestClock()
  const { signIn, publicUrl } = parseConfig({ signIn: options.signIn, publicUrl: options.publicUrl })
  const auth = createAuth({ database, signIn, log, clock })
  const servers = new Map<number, ServerState>()
  const started: string[] = []
  const removed: string[] = []
  const putAside: string[] = []
  const hub = await createHub({
    auth,
    log,
    ...(publicUrl === undefined ? {} : { publicUrl }),
    trustProxy: options.trustProxy ?? false,
    servers: options.states ?? {
      of: (id) => servers.get(id) ?? null,
      ensureStarted: async ({ id, name }) => {
        started.push(name)
        return servers.get(id)?.phase === 'running'
      },
      refresh: async () => {},
      remove: async ({ id, name }) => {
        servers.delete(id)
        removed.push(name)
      },
    },
    homes: { setAside: async ({ name }) => void putAside.push(name) },
    proxy: options.proxy ?? echo,
    routes: options.routes ?? [],
    portalDir: await createPortal(folder),
  })
  const { port, url } = await hub.listen({ host: '127.0.0.1', port: 0 })
  const adminSocket = join(folder, 'admin.sock')
  await hub.listenAdmin(adminSocket)
  onTestFinished(async () => {
    await hub.close()
    await auth.close()
    await database.destroy()
    await rm(folder, { recursive: true })
  })
  return { hub, auth, url, port, folder, adminSocket, logged, servers, started, removed, putAside, pass: clock.pass }
}

/** Stands for the users' servers: says what it was handed, and sends back what an upgraded connection gets. */
const echo: HubDeps['proxy'] = {
  request(request, response, { principal, name }) {
    request.resume()
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ name, url: request.url, via: principal.via, user: principal.user.name }))
  },
  upgrade(request, socket, head, { principal }) {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    socket.write(`${principal.user.name} ${principal.via} ${request.url}\n`)
    if (head.length > 0) socket.unshift(head)
    socket.pipe(socket)
  },
}

async function createPortal(folder: string): Promise<string> {
  const portal = join(folder, 'portal')
  await mkdir(join(portal, 'assets'), { recursive: true })
  await mkdir(join(portal, 'theme'))
  await writeFile(
    join(portal, 'index.html'),
    '<!doctype html><meta name="cygnet-base-path" content="./"><title>Portal</title>',
  )
  await writeFile(join(portal, 'favicon.svg'), '<svg/>')
  await writeFile(join(portal, 'theme', 'cygnet.css'), '.page {}')
  await writeFile(join(portal, 'assets', 'main-abc123.js'), 'plain')
  await writeFile(join(portal, 'assets', 'main-abc123.js.br'), 'brotli')
  await writeFile(join(portal, 'assets', 'main-abc123.js.gz'), 'gzip')
  return portal
}
