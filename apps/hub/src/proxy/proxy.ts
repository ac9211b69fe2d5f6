import type { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { CygnetError } from '@cygnet/core/errors'
import type { Logger } from '@cygnet/core/log'
import { answerError, isNavigation, refuseUpgrade } from '../answer-error.ts'
import type { BasePath } from '../base-path.ts'
import { sessionCookie, xsrfCookie } from '../cookies.ts'
import type { ServerProxy, Visit } from '../proxied.ts'
import type { ServerRoute } from '../servers/server.ts'
import { startedElsewhere, toServerPath } from '../servers/server-path.ts'
import type { ServerTarget } from '../servers/target.ts'
import { absence, answerAbsent } from './absence.ts'
import { Exchange, type Destination } from './exchange.ts'
import { createFailureLog } from './failure-log.ts'
import type { ForwardOptions } from './request-fields.ts'
import { parseTarget, withoutCredentials } from './request-target.ts'
import { toResponseFields } from './response-fields.ts'
import { openTunnel } from './tunnel.ts'
import { createUpgradeResponse, holdEarlyData, writeSwitch } from './upgrade-response.ts'
import { createUpstreams } from './upstream/upstreams.ts'

export interface ProxyDeps {
  /** Of the service. */
  base: BasePath
  servers: {
    /** From memory, at once. */
    route(userName: string): ServerRoute
    /** Looks whether a server that does not answer is still there; resolves once `route` tells the truth. */
    check(userName: string): Promise<void>
  }
  /** Believe `X-Forwarded-*` of a proxy before the service. */
  trustProxy: boolean
  logger: Logger
}

export interface Proxy extends ServerProxy {
  /** Closes all connections to sessions; what is under way ends. */
  close(): void
}

/**
 * The way from the front door to a user's server. It is handed visits that are authenticated and authorised already, and
 * still looks itself whose server a path means.
 */
export function createProxy(deps: ProxyDeps): Proxy {
  const options: ForwardOptions = { hubCookies: new Set([sessionCookie, xsrfCookie]), trustProxy: deps.trustProxy }
  const upstreams = createUpstreams()
  const writeFailure = createFailureLog(deps.logger)

  const toDestination = (target: ServerTarget, place: Place, visit: Visit): Destination => ({
    pool: upstreams.of(target).pool,
    target: target.basePath + place.path.slice(`/user/${place.name}/`.length) + withoutCredentials(place.search),
    basePath: toServerPath(deps.base, place),
    authorization: target.authorization,
    isSandboxed: visit.principal.isInAddress === true,
  })

  const forward = (request: IncomingMessage, response: ServerResponse, name: string, destination: Destination): void =>
    new Exchange(request, response, destination, options, (error) => {
      void answerUnanswered(request, response, name, error)
    }).start()

  const answerUnanswered = async (
    request: IncomingMessage,
    response: ServerResponse,
    name: string,
    error: CygnetError,
  ): Promise<void> => {
    writeFailure(name, error.cause ?? error)
    try {
      await deps.servers.check(name)
      const route = deps.servers.route(name)
      if (route.at === 'running') answerError(request, response, error)
      else answerAbsent(request, response, route)
    } catch (cause) {
      answerError(request, response, cause)
    }
  }

  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer, visit: Visit): void => {
    const place = parsePlace(request, visit)
    if (request.headers.upgrade?.toLowerCase() !== 'websocket' || request.method !== 'GET')
      throw new CygnetError('bad-request', 'A connection can be upgraded to a WebSocket only.')
    const route = deps.servers.route(place.name)
    if (route.at !== 'running') throw absence(route)
    const { target } = route
    const response = createUpgradeResponse(request, socket)
    const takeEarly = holdEarlyData(socket, head)
    const destination = toDestination(target, place, visit)
    destination.onUpgrade = (answer, server, rest) => {
      const fields = toResponseFields(answer.fields, destination.basePath, options.hubCookies, false)
      if (!writeSwitch(response, socket, answer, fields)) {
        server.destroy()
        socket.destroy()
        return
      }
      const upstream = upstreams.of(target)
      upstream.hold(server)
      upstream.hold(socket)
      if (socket instanceof Socket) socket.setNoDelay(true).setKeepAlive(true, 60_000).setTimeout(0)
      openTunnel(socket, server, takeEarly(), rest)
    }
    forward(request, response, place.name, destination)
  }

  return {
    request(request, response, visit) {
      try {
        const place = parsePlace(request, visit)
        const route = deps.servers.route(place.name)
        if (route.at !== 'running') return answerAbsent(request, response, route)
        // Its pages name a path that is no longer the service's; programs are told none.
        if (route.target.basePath !== toServerPath(deps.base, place) && isNavigation(request))
          throw new CygnetError('conflict', `Your server is running. ${startedElsewhere}`)
        forward(request, response, place.name, toDestination(route.target, place, visit))
      } catch (error) {
        answerError(request, response, error)
      }
    },
    upgrade(request, socket, head, visit) {
      socket.on('error', () => socket.destroy())
      try {
        upgrade(request, socket, head, visit)
      } catch (error) {
        refuseUpgrade(request, socket, error)
      }
    },
    close: () => upstreams.close(),
  }
}

interface Place {
  name: string
  path: string
  search: string
}

/** @throws CygnetError where the path leads to no server of the visitor's */
function parsePlace(request: IncomingMessage, visit: Visit): Place {
  const target = parseTarget(request.url ?? '')
  if (target.kind === 'invalid') throw new CygnetError('bad-request', `This path leads nowhere: ${target.why}`)
  if (target.kind !== 'server') throw new CygnetError('not-found', 'There is no such page.')
  if (target.name !== visit.name || target.name !== visit.principal.user.name)
    throw new CygnetError('forbidden', 'This server belongs to somebody else.')
  // It would send back the secret, which is the server's and the hub's only.
  if (request.method === 'TRACE') throw new CygnetError('bad-request', 'The method TRACE is not served.')
  return target
}
