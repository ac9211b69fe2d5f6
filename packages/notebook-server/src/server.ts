import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { noWork } from './activity.ts'
import { createGate } from './gate.ts'
import { normalizeBasePath, stripBasePath } from './base-path.ts'
import { listen, type ListenAddress, type Listening } from './listen.ts'
import type { App, AppOptions } from './app.ts'

export interface NotebookServerOptions extends Omit<AppOptions, 'basePath' | 'browserToken' | 'started'> {
  /** Such as `/user/ada/`; slashes at the ends may be left out. */
  basePath: string
  /** SHA-256, in hex, of the secret that every request must show. */
  secretSha256: string
  /** Stand-alone only: the secret itself, handed on to pages that a browser opens with it. */
  token?: string | undefined
}

/** A server that speaks Jupyter Server's API for the files and kernels of one user. */
export interface NotebookServer {
  /** Resolves once connections are accepted. @throws CygnetError `conflict` where another listens there */
  listen(address: ListenAddress): Promise<Listening>
  /** Ends kernels, terminals and connections; unfinished answers get a moment. */
  close(): Promise<void>
}

const startSoonMs = 150
const farewellMs = 3000

/**
 * Answers `/api/status` at once and loads all the rest when it is first needed, or a moment after the start: a
 * waiting browser is let in by that first answer.
 */
export function createNotebookServer(options: NotebookServerOptions): NotebookServer {
  const basePath = normalizeBasePath(options.basePath)
  const gate = createGate({ secretSha256: options.secretSha256, readingCookie: options.token !== undefined })
  const started = new Date()
  let loading: Promise<App> | undefined
  let app: App | undefined
  let listening: Listening | undefined
  let soon: NodeJS.Timeout | undefined
  const upgraded = new Set<Duplex>()

  function load(): Promise<App> {
    loading ??= import('./app.ts').then(async ({ createApp }) => {
      app = await createApp({ ...options, basePath, browserToken: options.token, started })
      return app
    })
    return loading
  }

  function loadOrFail(): void {
    load().catch(options.onFatal)
  }

  function handle(request: IncomingMessage, response: ServerResponse): void {
    if (!gate.admits(request)) {
      response.shouldKeepAlive = false
      answer(response, 403, forbidden)
      return
    }
    const path = stripBasePath(request.url ?? '/', basePath)
    if (path === undefined) {
      answer(response, 404, failure(404, 'not-found', `This server answers below ${basePath} only.`))
      return
    }
    const cookie = gate.cookieFor(request)
    if (cookie !== undefined) response.setHeader('set-cookie', cookie)
    request.url = path
    if (answersAlone(request, path, response)) return
    load().then(
      (loaded) => loaded.handle(request, response),
      (error: unknown) => failToLoad(response, error),
    )
  }

  /** What hubs and clients poll while they wait for a server. */
  function answersAlone(request: IncomingMessage, path: string, response: ServerResponse): boolean {
    if (request.method !== 'GET' && request.method !== 'HEAD') return false
    if (!/^\/api\/status\/?(?:\?|$)/.test(path)) return false
    const activity = app?.activity() ?? { ...noWork, lastActivity: started, kernels: 0, connections: 0 }
    answer(response, 200, {
      connections: activity.connections,
      kernels: activity.kernels,
      last_activity: activity.lastActivity.toISOString(),
      started: started.toISOString(),
      // Beyond Jupyter Server's: what made up that last activity.
      last_input: activity.lastInput?.toISOString() ?? null,
      last_output: activity.lastOutput?.toISOString() ?? null,
      busy: activity.busy,
      connected: upgraded.size > 0,
    })
    soon?.refresh()
    if (loading === undefined) setImmediate(loadOrFail)
    return true
  }

  function failToLoad(response: ServerResponse, error: unknown): void {
    answer(response, 500, failure(500, 'internal', 'The notebook server cannot start.'))
    options.onFatal(error)
  }

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => undefined)
    if (!gate.admits(request)) {
      refuse(socket, '403 Forbidden', forbidden)
      return
    }
    const path = stripBasePath(request.url ?? '/', basePath)
    if (path === undefined) {
      refuse(socket, '404 Not Found', failure(404, 'not-found', `This server answers below ${basePath} only.`))
      return
    }
    upgraded.add(socket)
    socket.once('close', () => upgraded.delete(socket))
    await (await load()).upgrade(request, socket, head, path.split('?')[0] ?? '/')
  }

  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 75_000, headersTimeout: 60_000 }, handle)
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgrade(request, socket, head).catch((error: unknown) => {
      socket.destroy()
      options.onFatal(error)
    })
  })

  return {
    async listen(address) {
      listening = await listen(server, address)
      soon = setTimeout(loadOrFail, startSoonMs)
      return listening
    },
    async close() {
      clearTimeout(soon)
      const ended = endConnections(server, upgraded)
      await listening?.close()
      const loaded = await loading?.catch(() => undefined)
      await loaded?.close()
      await ended
    },
  }
}

async function endConnections(server: Server, upgraded: Set<Duplex>): Promise<void> {
  if (!server.listening) return
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  const timer = setTimeout(() => {
    server.closeAllConnections()
    for (const socket of upgraded) socket.destroy()
  }, farewellMs)
  await closed
  clearTimeout(timer)
}

const forbidden = failure(403, 'forbidden', 'Forbidden')

function failure(status: number, code: string, message: string): Record<string, unknown> {
  return { status, code, message, reason: null }
}

function answer(response: ServerResponse, status: number, body: Record<string, unknown>): void {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; frame-ancestors 'self'",
  })
  response.end(response.req.method === 'HEAD' ? undefined : text)
}

function refuse(socket: Duplex, status: string, body: Record<string, unknown>): void {
  const text = JSON.stringify(body)
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
  )
}
