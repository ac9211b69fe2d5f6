import { scopesOfUser } from '@cygnet/auth/scopes/roles'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type RequestListener, type Server as HttpServer } from 'node:http'
import { connect, createServer as createRawServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSilentLogger, type Logger } from '@cygnet/core/log'
import type { Address } from '@cygnet/spawners/spawner'
import { createBasePath } from '../../base-path.ts'
import { createFrontDoor } from '../../front-door.ts'
import type { ServerRoute } from '../../servers/server.ts'
import type { ServerTarget } from '../../servers/target.ts'
import { createProxy } from '../proxy.ts'

export const ada = {
  kind: 'user' as const,
  user: { id: 1, name: 'ada', admin: false },
  via: 'cookie' as const,
  credential: 'session',
  scopes: scopesOfUser({ name: 'ada', admin: false }),
  expires: Number.POSITIVE_INFINITY,
}

export interface Front extends AsyncDisposable {
  port: number
  /** Where requests for ada's server go; a test may set another. */
  route: ServerRoute
  readonly target: ServerTarget
  /** Ends the server as a stop does. */
  end(): void
  /** How often somebody asked whether the server is still there. */
  checks: number
  onCheck: () => void
  /** Sends raw bytes and resolves with all that comes back until the connection ends. */
  exchange(text: string): Promise<string>
  connect(): Socket
}

export interface FrontOptions {
  trustProxy?: boolean
  isInAddress?: boolean
  logger?: Logger
  publicUrl?: string
  /** The base path of ada's server, where it is not the one that it would have now. */
  startedAt?: string
}

/** The hub's front door with the proxy behind it, for a visitor whom the gate has let in as ada. */
export async function openFront(address: Address, options: FrontOptions = {}): Promise<Front> {
  const end = new AbortController()
  const base = createBasePath(options.publicUrl)
  const target: ServerTarget = {
    address,
    basePath: options.startedAt ?? base.to('/user/ada/'),
    authorization: 'token the-secret',
    gone: end.signal,
  }
  const front: Pick<Front, 'route' | 'checks' | 'onCheck'> = {
    route: { at: 'running', target },
    checks: 0,
    onCheck: () => {},
  }
  const proxy = createProxy({
    base,
    servers: {
      route: (name) => (name === 'ada' ? front.route : { at: 'stopped', reason: null }),
      check: async () => {
        front.checks++
        front.onCheck()
      },
    },
    trustProxy: options.trustProxy ?? false,
    logger: options.logger ?? createSilentLogger(),
  })
  const door = createFrontDoor({
    base,
    gate: {
      authenticate: async () => ({ ...ada, isInAddress: options.isInAddress ?? false }),
      admitLocal: () => {},
      isOwnForm: () => false,
    },
    proxy,
    connections: { keep: () => {}, keepExchange: () => {}, close: () => {} },
    routes: (_request, response) => response.writeHead(404).end('elsewhere'),
  })
  const server = createServer({ requestTimeout: 0 })
  const onRequest: RequestListener = (request, response) => door.request(request, response)
  server.on('request', onRequest).on('checkContinue', onRequest)
  server.on('upgrade', (request, socket, head) => door.upgrade(request, socket, head))
  const port = await listen(server)
  return Object.assign(front, {
    port,
    target,
    end: () => end.abort(),
    connect: () => connect({ port, host: '127.0.0.1', allowHalfOpen: true }),
    async exchange(text: string) {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
      socket.on('error', () => {})
      socket.write(text, 'latin1')
      return readAll(socket)
    },
    async [Symbol.asyncDispose]() {
      proxy.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}

export interface Upstream extends AsyncDisposable {
  address: Address
  server: Server
  /** Connections that were ever opened. */
  readonly connections: number
  readonly open: Set<Socket>
}

/** A session's server on a unix socket, speaking HTTP. */
export async function serveHttp(
  listener: RequestListener,
  configure?: (server: HttpServer) => void,
): Promise<Upstream> {
  const server = createServer({ keepAliveTimeout: 5000 }, listener)
  configure?.(server)
  return onSocket(server)
}

/** A session's server on a unix socket, saying whatever it likes. */
export async function serveRaw(onConnection: (socket: Socket) => void, allowHalfOpen = false): Promise<Upstream> {
  return onSocket(createRawServer({ allowHalfOpen }, onConnection))
}

/** Answers every request with these bytes. */
export function serveBytes(answer: string, andEnd = false): Promise<Upstream> {
  return serveRaw((socket) => {
    socket.on('error', () => {})
    socket.on('data', () => {
      socket.write(answer, 'latin1')
      if (andEnd) socket.end()
    })
  })
}

export async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** All that comes until the other side ends or breaks the connection. */
export function readAll(socket: Socket): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  let text = ''
  socket.setEncoding('latin1')
  socket.on('data', (piece: string) => {
    text += piece
  })
  socket.on('end', () => socket.end())
  socket.on('close', () => resolve(text))
  socket.resume()
  return promise
}

/** Resolves with what came once it holds `mark`. */
export function readUntil(socket: Socket, mark: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  let text = ''
  const take = (piece: Buffer): void => {
    text += piece.toString('latin1')
    if (!text.includes(mark)) return
    socket.off('data', take)
    socket.pause()
    resolve(text)
  }
  socket.on('data', take)
  socket.resume()
  return promise
}

async function onSocket(server: Server): Promise<Upstream> {
  const folder = await mkdtemp(join(tmpdir(), 'proxy-'))
  const path = join(folder, 'server.sock')
  const open = new Set<Socket>()
  let connections = 0
  server.on('connection', (socket) => {
    connections++
    open.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => open.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return {
    address: { kind: 'socket', path },
    server,
    open,
    get connections() {
      return connections
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
      await rm(folder, { recursive: true })
    },
  }
}
