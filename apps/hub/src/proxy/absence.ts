import type { IncomingMessage, ServerResponse } from 'node:http'
import { CygnetError } from '@cygnet/core/errors'
import { answerError, isNavigation } from '../answer-error.ts'
import { baseOf } from '../base-path.ts'
import type { ServerRoute } from '../servers/server.ts'

/** A place that has no server to go to right now. */
export type Absent = Exclude<ServerRoute, { at: 'running' }>

/** Says why a server cannot be reached: 424 where it is stopped, as JupyterHub does, 503 while it starts. */
export function absence(route: Absent): CygnetError {
  if (route.at === 'starting')
    return new CygnetError('unavailable', 'Your server is starting.', {
      retryAfter: 1,
      mend: 'Try again in a moment.',
    })
  const why = route.at === 'stopped' && route.reason !== null ? ` ${route.reason}` : ''
  return new CygnetError('server-stopped', `Your server is not running.${why}`, { mend: 'Start it again.' })
}

/** Shows a person who follows a link to a starting server how the start goes on; answers with an error else. */
export function answerAbsent(request: IncomingMessage, response: ServerResponse, route: Absent): void {
  const isPage = isNavigation(request) && (request.method === 'GET' || request.method === 'HEAD')
  if (route.at !== 'starting' || !isPage) return answerError(request, response, absence(route))
  request.resume()
  const base = baseOf(request)
  response.writeHead(302, {
    location: base.to(`/start?next=${encodeURIComponent(base.to(request.url ?? '/'))}`),
    'cache-control': 'no-store',
    'content-length': 0,
  })
  response.end()
}
