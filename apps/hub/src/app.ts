import type { Auth } from '@cygnet/auth/auth'
import type { Logger } from '@cygnet/core/log'
import { inject as dispatch } from 'light-my-request'
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http'
import { createBasePath } from './base-path.ts'
import { createConnections } from './connections.ts'
import { createFrontDoor } from './front-door.ts'
import { createGate } from './gate.ts'
import { listenOn, listenOnSocket } from './listen.ts'
import type { RouteModule } from './mount-route.ts'
import { createOrigins, forgetForwarded } from './origin.ts'
import type { ServerProxy } from './proxied.ts'
import { createRouting } from './routing.ts'
import { createAccountRoutes } from './routes/account.ts'
import { createTokenRoutes } from './routes/tokens.ts'
import { createUserRoutes } from './routes/users.ts'
import type { Homes, ServerStates } from './server-states.ts'

const serverOptions: ServerOptions = {
  // Uploads last as long as they last; what is short is read with a limit of its own.
  requestTimeout: 0,
  headersTimeout: 30_000,
  keepAliveTimeout: 72_000,
  maxHeaderSize: 32 * 1024,
  // Who offers another protocol, as curl does with HTTP/2, is served in this one.
  shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
}
/** How long answers under way may take when the service stops. */
const closePatience = 2000

export interface HubDeps {
  auth: Auth
  log: Logger
  /** The address people use, where a proxy stands before the service, as the configuration checks it. */
  publicUrl?: string
  /** Believe that proxy's X-Forwarded headers. */
  trustProxy: boolean
  servers: ServerStates
  homes: Homes
  proxy: ServerProxy
  /** The routes of the other parts. */
  routes: RouteModule[]
  /** The built portal; before it is built a folder with theme/. */
  portalDir: string
}

export interface InjectedRequest {
  method: string
  url: string
  headers?: Record<string, string>
  body?: string
}

export interface InjectedAnswer {
  status: number
  headers: Record<string, string | string[] | number | undefined>
  body: string
}

/** The only door of the service. */
export interface Hub {
  server: Server
  /** @throws CygnetError `conflict` where the port is taken, and others that name the address */
  listen(at: { host: string; port: number }): Promise<{ port: number; url: string }>
  /**
   * Listens for the users' servers too, on this machine's 127.0.0.1. They come past the proxy before the service, and could
   * say what it says: here nobody is believed. 0 takes a free port. @throws CygnetError as `listen`
   */
  listenForSessions(port: number): Promise<{ port: number }>
  /** Listens on a unix socket for its owner alone; whoever comes through it is the local administrator. */
  listenAdmin(path: string): Promise<void>
  /** Calls a route in this process as the local administrator. */
  inject(request: InjectedRequest): Promise<InjectedAnswer>
  /** Stops listening, cuts upgraded connections, and waits a moment for answers under way. */
  close(): Promise<void>
}

export async function createHub(deps: HubDeps): Promise<Hub> {
  const { auth, log, publicUrl, trustProxy, servers, homes, proxy, portalDir } = deps
  const base = createBasePath(publicUrl)
  const origins = createOrigins({ publicUrl, trustProxy })
  const gate = createGate({ identities: auth.identities, origins })
  const connections = createConnections(auth.identities)
  const server = createServer(serverOptions)
  const inner = createServer(serverOptions)
  const admin = createServer(serverOptions)

  const app = await createRouting({
    auth,
    base,
    gate,
    connections,
    origins,
    log,
    trustProxy,
    portalDir,
    servers,
    modules: [
      createUserRoutes({ auth, servers, homes, publicUrl, log }),
      createTokenRoutes({ auth, origins, log }),
      createAccountRoutes({ auth, origins, log }),
      ...deps.routes,
    ],
    server,
  })
  const door = createFrontDoor({
    base,
    gate,
    proxy,
    connections,
    routes: (request, response) => app.routing(request, response),
  })
  const onRequest: RequestListener = (request, response) => door.request(request, response)
  const onInnerRequest: RequestListener = (request, response) => {
    forgetForwarded(request)
    door.request(request, response)
  }
  const onAdminRequest: RequestListener = (request, response) => {
    gate.admitLocal(request)
    door.request(request, response)
  }
  server.on('request', onRequest).on('checkContinue', onRequest)
  server.on('upgrade', (request, socket, head) => door.upgrade(request, socket, head))
  inner.on('request', onInnerRequest).on('checkContinue', onInnerRequest)
  inner.on('upgrade', (request, socket, head) => {
    forgetForwarded(request)
    door.upgrade(request, socket, head)
  })
  admin.on('request', onAdminRequest).on('checkContinue', onAdminRequest)

  return {
    server,
    listen: ({ host, port }) => listenOn(server, host, port),
    listenForSessions: (port) => listenOn(inner, '127.0.0.1', port),
    listenAdmin: (path) => listenOnSocket(admin, path),
    async inject({ method, url, headers = {}, body }) {
      const answer = await dispatch(onAdminRequest, {
        method: method as 'GET',
        url,
        headers,
        ...(body === undefined ? {} : { payload: body }),
      })
      return { status: answer.statusCode, headers: answer.headers, body: answer.payload }
    },
    async close() {
      connections.close()
      await Promise.all([closeServer(server), closeServer(inner), closeServer(admin)])
      await app.close()
    },
  }
}

async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  // Connections that are kept alive go as soon as their answer is out.
  const idle = setInterval(() => server.closeIdleConnections(), 50)
  const late = setTimeout(() => server.closeAllConnections(), closePatience)
  await promise.finally(() => {
    clearInterval(idle)
    clearTimeout(late)
  })
}
