import { PassThrough } from 'node:stream'
import { startServer, stopServer, watchProgress } from '@cygnet/contract/hub/routes'
import { getServer, getStartForm, listServers } from '@cygnet/contract/v1/servers'
import { CygnetError } from '@cygnet/core/errors'
import type { BasePath } from '../base-path.ts'
import type { RouteModule } from '../mount-route.ts'
import type { ProgressEvent } from './progress.ts'
import type { ServerUser } from './records.ts'
import { toServerPath } from './server-path.ts'
import type { Servers } from './servers.ts'

export interface ServerRoutesDeps {
  base: BasePath
  servers: Servers
  accounts: { find(name: string): Promise<ServerUser | undefined> }
}

/** How long an answer waits for a start or a stop to end: most do within it, and JupyterHub's clients poll from then on. */
const patienceMilliseconds = 1000
const keepAliveMilliseconds = 8000

/** JupyterHub's routes of a user's server, and those of the portal. */
export function createServerRoutes({ base, servers, accounts }: ServerRoutesDeps): RouteModule {
  const find = async (name: string): Promise<ServerUser> => {
    const user = await accounts.find(name)
    if (user === undefined) throw new CygnetError('not-found', `There is no user ${JSON.stringify(name)}.`)
    return { id: user.id, name: user.name }
  }

  return (mount) => {
    mount(startServer, async ({ params, body, reply }) => {
      const user = await find(params.name)
      const { user_options: options, ...direct } = body ?? {}
      await servers.start(user, options ?? direct)
      await servers.settle(user, patienceMilliseconds)
      if (servers.route(user.name).at === 'running') reply.code(201)
    })

    mount(stopServer, async ({ params, reply }) => {
      const user = await find(params.name)
      const stopped = servers.stop(user)
      const timer = new AbortController()
      const isDone = await Promise.race([stopped.then(() => true), later(10 * patienceMilliseconds, timer.signal)])
      timer.abort()
      if (!isDone) reply.code(202)
    })

    mount(watchProgress, async ({ params, request, reply, signal }) => {
      const user = await find(params.name)
      const events = servers.watch(user, signal)
      // The first one tells whether there is anything to watch, while an error can still be answered.
      const first = await events.next()
      reply.header('content-type', 'text/event-stream; charset=utf-8').header('cache-control', 'no-cache')
      if (request.method === 'HEAD') return ''
      return toEventStream(first, events, toServerPath(base, user))
    })

    mount(getStartForm, ({ principal }) => servers.form(principal.user))
    mount(getServer, ({ principal }) => servers.view(principal.user))
    mount(listServers, () => servers.list())
  }
}

/** Server-sent events as JupyterHub's, with an empty line now and then that keeps proxies from closing the connection. */
function toEventStream(
  first: IteratorResult<ProgressEvent, void>,
  events: AsyncGenerator<ProgressEvent, void, undefined>,
  url: string,
): PassThrough {
  const stream = new PassThrough()
  const keepAlive = setInterval(() => stream.write('\n\n'), keepAliveMilliseconds)
  const write = async (): Promise<void> => {
    for (let next = first; !next.done; next = await events.next())
      stream.write(`data: ${JSON.stringify(toJupyterHubEvent(next.value, url))}\n\n`)
  }
  write().then(
    () => stream.end(),
    (error: unknown) => stream.destroy(error instanceof Error ? error : new Error(String(error))),
  )
  stream.on('close', () => clearInterval(keepAlive))
  return stream
}

function toJupyterHubEvent(event: ProgressEvent, url: string): Record<string, unknown> {
  switch (event.kind) {
    case 'step':
      return { progress: event.percent, message: event.message }
    case 'ready':
      return {
        progress: 100,
        ready: true,
        message: `Server ready at ${url}`,
        html_message: `Server ready at <a href="${url}">${url}</a>`,
        url,
      }
    default:
      return { progress: 100, failed: true, message: `Spawn failed: ${event.message}` }
  }
}

function later(milliseconds: number, signal: AbortSignal): Promise<false> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), milliseconds)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve(false)
    })
  })
}
