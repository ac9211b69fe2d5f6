import { CygnetError } from '@cygnet/core/errors'
import { hasScope } from '@cygnet/auth/scopes/scope-set'
import type { Identity } from '@cygnet/auth/identities'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { answerError, refuseUpgrade } from './answer-error.ts'
import { enterBelow, type BasePath } from './base-path.ts'
import type { Connections } from './connections.ts'
import type { Gate } from './gate.ts'
import type { ServerProxy, Visit } from './proxied.ts'
import { lacksScope, unauthenticated } from './guard.ts'
import { isUserPath, normalizeTarget, parseUserPath } from './request-target.ts'

/** What every connection meets first, whichever way it came in. */
export interface FrontDoor {
  request(request: IncomingMessage, response: ServerResponse): void
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
}

export interface FrontDoorDeps {
  base: BasePath
  gate: Gate
  proxy: ServerProxy
  connections: Connections
  /** All that is not a user's server. */
  routes: (request: IncomingMessage, response: ServerResponse) => void
}

/** Sends what belongs to a user's server there, past the routes, once it is known who asks and that it is theirs. */
export function createFrontDoor({ base, gate, proxy, connections, routes }: FrontDoorDeps): FrontDoor {
  return {
    request(request, response) {
      let url: string
      try {
        const target = normalizeTarget(request)
        url = enterBelow(base, request)
        // The cookies are for what lies below the slash: without it nobody would be signed in.
        if (target !== url && isPage(request) && !target.startsWith(base.path)) return redirect(response, base.to(url))
      } catch (error) {
        return answerError(request, response, error)
      }
      if (!isUserPath(url)) return routes(request, response)
      // Whoever asks before sending a body is told once they may.
      if (request.headers.expect !== undefined) response.setHeader('connection', 'close')
      visit(request, response, url).catch((error: unknown) => answerError(request, response, error))
    },
    upgrade(request, socket, head) {
      // Until the proxy takes over nobody else listens, and an error would end the process.
      socket.on('error', ignore)
      upgrade(request, socket, head).catch((error: unknown) => refuseUpgrade(request, socket, error))
    },
  }

  async function visit(request: IncomingMessage, response: ServerResponse, url: string): Promise<void> {
    const { name, rest } = parseUserPath(url)
    if (rest.split('?', 1)[0] === '/logout') return redirect(response, base.to('/hub/logout'))
    const admitted = await admit(request, name, 'request')
    if (!rest.startsWith('/')) return redirect(response, base.to(`/user/${encodeURIComponent(name)}/${rest}`))
    if (response.destroyed) return
    if (request.headers.expect !== undefined) {
      response.removeHeader('connection')
      response.writeContinue()
    }
    connections.keepExchange({ request, response, isStream: true }, admitted.principal, opensServer)
    proxy.request(request, response, admitted)
  }

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    normalizeTarget(request)
    const url = enterBelow(base, request)
    if (!isUserPath(url)) throw new CygnetError('not-found', 'There is no connection to upgrade here.')
    const admitted = await admit(request, parseUserPath(url).name, 'upgrade')
    if (socket.destroyed) return
    connections.keep(socket, admitted.principal, opensServer)
    proxy.upgrade(request, socket, head, admitted)
  }

  async function admit(request: IncomingMessage, name: string, kind: 'request' | 'upgrade'): Promise<Visit> {
    const principal = await gate.authenticate(request, kind)
    if (principal === null) throw unauthenticated()
    if (principal.kind !== 'user' || principal.user.name !== name)
      throw new CygnetError('forbidden', 'A server can be used by its owner only.', {
        mend: `You are signed in as ${principal.user.name}.`,
      })
    if (!opensServer(principal)) throw lacksScope([`access:servers!server=${name}/`])
    return { principal, name }
  }
}

/** Whether someone may use their own server. */
function opensServer({ user, scopes }: Identity): boolean {
  return hasScope(scopes, 'access:servers', `server=${user.name}/`)
}

function ignore(): void {}

function isPage({ method }: IncomingMessage): boolean {
  return method === 'GET' || method === 'HEAD'
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(302, { location, 'cache-control': 'no-store', 'content-length': 0 })
  response.end()
}
