import { hasScope } from '@cygnet/auth/scopes/scope-set'
import { CygnetError, toCygnetError } from '@cygnet/core/errors'
import type { Logger } from '@cygnet/core/log'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { BasePath } from '../base-path.ts'
import type { Origins } from '../origin.ts'
import { toSignInPath } from '../pages/sign-in-path.ts'
import type { AccountPrincipal } from '../principal.ts'
import { readQuery } from '../request-target.ts'
import { toSafeNext } from '../safe-next.ts'
import type { ServerStates } from '../server-states.ts'

// A HEAD, which Fastify would add, must start nothing.
const options = { config: { access: 'page' }, exposeHeadRoute: false } as const

export interface WaysToServerDeps {
  base: BasePath
  origins: Origins
  servers: ServerStates
  log: Logger
}

/**
 * JupyterHub's ways into one's own server: `/hub/user-redirect/<path>?<query>`, which may be sent to anybody, and
 * `/hub/spawn?next=`. Both lead there once it runs and start it first, after sign-in where nobody is signed in. Where another
 * site led here, the start is left to a click: a link must not start anything.
 */
export function mountWaysToServer(app: FastifyInstance, deps: WaysToServerDeps): void {
  const { base } = deps
  const redirectPath = '/hub/user-redirect'

  for (const path of [redirectPath, `${redirectPath}/*`])
    app.get(path, options, async (request, reply) => {
      const principal = requireAccount(base, request, reply)
      if (principal === undefined) return reply
      const home = `/user/${encodeURIComponent(principal.user.name)}/`
      const rest = (request.raw.url ?? '').slice(redirectPath.length).replace(/^\//, '')
      const target = toSafeNext(base, home + rest)
      return lead(deps, request, reply, principal, target.startsWith(home) ? target : home)
    })

  for (const path of ['/hub/spawn', '/hub/spawn/:name', '/hub/spawn/:name/*'])
    app.get<{ Params: { name?: string } }>(path, options, async (request, reply) => {
      const principal = requireAccount(base, request, reply)
      if (principal === undefined) return reply
      if ((request.params.name ?? principal.user.name) !== principal.user.name)
        throw new CygnetError('not-found', 'No access to resources or resources not found')
      const next = toSafeNext(base, readQuery(request.raw.url ?? '', 'next'))
      return next === '/' ? reply.redirect('/start') : lead(deps, request, reply, principal, next)
    })
}

/** Undefined where nobody is signed in, who has been sent to do so and to come back. */
function requireAccount(base: BasePath, request: FastifyRequest, reply: FastifyReply): AccountPrincipal | undefined {
  const { principal } = request
  if (principal?.kind === 'user') return principal
  if (principal !== null) throw new CygnetError('forbidden', 'The local administrator has no server.')
  void reply.redirect(toSignInPath(base, request.raw.url ?? '/'))
  return undefined
}

async function lead(
  { base, origins, servers, log }: WaysToServerDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  { user, scopes }: AccountPrincipal,
  target: string,
): Promise<FastifyReply> {
  const isAsked = origins.sourceOf(request.raw) !== 'elsewhere' && !/prefetch|prerender/.test(purposeOf(request))
  const mayStart = isAsked && hasScope(scopes, 'start:servers', `server=${user.name}/`)
  let isRunning = servers.of(user.id)?.phase === 'running'
  try {
    if (!isRunning && mayStart) isRunning = await servers.ensureStarted(user)
  } catch (error) {
    // The page of the start says why, and offers another choice.
    log.info({ user: user.name, err: toCygnetError(error) }, 'A server could not be started on the way to it.')
  }
  return reply.redirect(isRunning ? target : `/start?next=${encodeURIComponent(base.to(target))}`)
}

function purposeOf({ headers }: FastifyRequest): string {
  return String(headers['sec-purpose'] ?? headers['purpose'] ?? '')
}
