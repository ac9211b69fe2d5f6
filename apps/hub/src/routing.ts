import type { Auth } from '@cygnet/auth/auth'
import type { Route } from '@cygnet/contract/route'
import { CygnetError, statusOf, toCygnetError } from '@cygnet/core/errors'
import { createId } from '@cygnet/core/ids'
import type { Logger } from '@cygnet/core/log'
import { ownPaths } from '@cygnet/core/public-url'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Server } from 'node:http'
import { apiHeaders, toErrorAnswer } from './answer-error.ts'
import type { BasePath } from './base-path.ts'
import { createBrowserCookies } from './browser-cookies.ts'
import type { Connections } from './connections.ts'
import type { Gate } from './gate.ts'
import { guard, mayCall } from './guard.ts'
import { mountRoute, type Mount, type RouteModule } from './mount-route.ts'
import { toOpenApi } from './open-api.ts'
import type { Origins } from './origin.ts'
import { mountPortal } from './portal.ts'
import { mountRedirects } from './routes/redirects.ts'
import { mountSignInPages } from './routes/sign-in-pages.ts'
import { mountWaysToServer } from './routes/ways-to-server.ts'
import type { ServerStates } from './server-states.ts'

/** How long whoever was refused may go on sending before the connection is cut. */
const drainPatience = 5000

export interface RoutingDeps {
  base: BasePath
  auth: Auth
  gate: Gate
  connections: Connections
  origins: Origins
  log: Logger
  trustProxy: boolean
  portalDir: string
  servers: ServerStates
  modules: RouteModule[]
  /** Hands over what is for the routes by `app.routing`. */
  server: Server
}

/** All that is not a user's server: the routes of the contract, the service's pages, the portal. */
export async function createRouting(deps: RoutingDeps): Promise<FastifyInstance> {
  const { auth, base, gate, connections, origins, log, portalDir, modules } = deps
  const run = createId().slice(0, 6)
  let count = 0
  const app = fastify({
    serverFactory: () => deps.server,
    // Only our own proxy is believed: the last entry of X-Forwarded-For.
    trustProxy: deps.trustProxy ? (_address, hop) => hop === 0 : false,
    genReqId: () => `${run}-${(count += 1).toString(36)}`,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 5000 },
    // Fastify answers some failures before any hook; they look like all others.
    frameworkErrors: (error, request, reply) => answerFailure(error, request as FastifyRequest, reply as FastifyReply),
  }) as unknown as FastifyInstance

  // Bodies are read by those who want them: uploads are streams, and what is JSON is said by the contract.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.decorateRequest('principal', null)
  app.decorateRequest('refusal', undefined)

  app.addHook('onRoute', ({ config, method, url }) => {
    if (config?.access === undefined)
      throw new Error(`The route ${String(method)} ${url} does not say who may call it.`)
    const [, first = ''] = url.split('/')
    if (first !== '' && !ownPaths.has(first)) throw new Error(`The route ${url} is not among the service’s own paths.`)
  })
  app.addHook('onRequest', async (request, reply) => {
    const { access, isStream = false } = request.routeOptions.config
    void reply.headers(apiHeaders)
    if (request.headers.expect !== undefined) void reply.header('connection', 'close')
    if (access === undefined) return
    const isOpen = access === 'public' || access === 'page'
    try {
      request.principal = await gate.authenticate(request.raw)
    } catch (error) {
      // What everybody may see, a browser that cannot be trusted may see as nobody.
      if (!isOpen) throw error
      request.refusal = error
    }
    if (access !== 'page') guard(access, request.principal, request.params)
    if (request.principal?.kind === 'user')
      connections.keepExchange({ request: request.raw, response: reply.raw, isStream }, request.principal, (identity) =>
        mayCall(access, { kind: 'user', ...identity }, request.params),
      )
  })
  // A redirection within the service says where it leads as the hub knows it.
  app.addHook('onSend', async (_request, reply) => {
    const location = reply.getHeader('location')
    if (typeof location === 'string' && location.startsWith('/')) void reply.header('location', base.to(location))
  })
  app.addHook('onResponse', async ({ raw }) => {
    if (raw.complete) return
    setTimeout(() => {
      if (!raw.complete) raw.destroy()
    }, drainPatience).unref()
  })
  app.setErrorHandler(answerFailure)
  app.setNotFoundHandler(() => {
    throw new CygnetError('not-found', 'There is nothing at this address.')
  })

  const routes: Route[] = []
  const mount: Mount = (route, handler) => {
    routes.push(route)
    mountRoute(app, route, handler)
  }
  for (const module of modules) module(mount)
  let openApi: string | undefined
  app.get('/api/v1/openapi.json', { config: { access: 'public' } }, (_request, reply) => {
    openApi ??= JSON.stringify(toOpenApi(routes, { version: '1', base }))
    return reply.type('application/json; charset=utf-8').send(openApi)
  })
  const cookies = createBrowserCookies(origins, base)
  mountSignInPages(app, { auth, base, gate, origins, cookies, log })
  mountPortal(app, { base, portalDir, cookies })
  mountRedirects(app)
  mountWaysToServer(app, { base, origins, servers: deps.servers, log })
  await app.ready()
  return app

  function answerFailure(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const error = fromFastify(thrown) ?? toCygnetError(thrown)
    if (statusOf(error.code) >= 500) {
      // Without the query, where tokens and links may be.
      const path = (request.raw.url ?? '').split('?', 1)[0]?.slice(0, 300)
      log.error({ request: request.id, method: request.method, path, err: error.cause ?? error }, error.message)
    }
    const { status, headers, body } = toErrorAnswer(request.raw, error, request.id)
    void reply.code(status).headers(headers).send(body)
  }
}

/** Fastify's own refusals, such as of an address that is no valid text. */
function fromFastify(thrown: unknown): CygnetError | undefined {
  if (!(thrown instanceof Error) || !('statusCode' in thrown) || !('code' in thrown)) return undefined
  if (!String(thrown.code).startsWith('FST_')) return undefined
  const { statusCode } = thrown
  if (statusCode === 503)
    return new CygnetError('unavailable', 'The service is stopping.', { cause: thrown, retryAfter: 5 })
  if (statusCode === 404 || statusCode === 414) return new CygnetError('not-found', 'There is nothing at this address.')
  if (typeof statusCode === 'number' && statusCode < 500)
    return new CygnetError('bad-request', 'The request is not valid.', { cause: thrown })
  return undefined
}
