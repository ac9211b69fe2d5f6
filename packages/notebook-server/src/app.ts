import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { fastify, type FastifyInstance } from 'fastify'
import { createLogger, type Logger, type LogLevel } from '@cygnet/core/log'
import { isInput, joinWork, lastActivityOf, noWork, type Activity } from './activity.ts'
import { registerApi } from './api/routes.ts'
import { createEventBus } from './api/event-bus.ts'
import { createEventsUpgrade } from './api/events-upgrade.ts'
import { createContents } from './contents/contents.ts'
import { registerContents } from './contents/routes.ts'
import { registerFiles } from './files/routes.ts'
import { answerErrors, sendError, toError } from './http/errors.ts'
import { compressAnswers } from './http/send-answer.ts'
import { createKernelManager, type KernelManagerOptions } from './kernels/kernel-manager.ts'
import { createKernelSpecs } from './kernels/kernel-specs.ts'
import { registerKernels } from './kernels/routes.ts'
import { createKernelUpgrade } from './kernels/upgrade.ts'
import { registerLab } from './lab/routes.ts'
import { createSessionManager } from './sessions/session-manager.ts'
import { registerSessions } from './sessions/routes.ts'
import { registerTerminals } from './terminals/routes.ts'
import { createTerminalManager } from './terminals/terminal-manager.ts'
import { createTerminalUpgrade } from './terminals/upgrade.ts'
import { refuseUpgrade } from './wire/web-sockets.ts'

/** What JupyterHub, or Cygnet's hub, tells a single-user server of itself. */
export interface HubIdentity {
  user: string
  serverName: string
  /** The hub's base path, such as `/`; the hub itself is at `hub/` below it. */
  basePath: string
  host: string
}

export interface AppOptions {
  /** The folder whose files are served and where kernels and terminals start. Must exist. */
  root: string
  /** With a slash at either end. */
  basePath: string
  /** A private folder with a short path for sockets and connection files. */
  runtimeDir: string
  /** Where settings and workspaces live, such as `~/.jupyter`; made when something is saved. */
  jupyterFolder: string
  /** Where signatures of trusted notebooks live, such as `~/.local/share/cygnet`; made when something is saved. */
  stateFolder: string
  /** The bundle of JupyterLab; without it there are no pages. */
  lab?: string | undefined
  /** The folder of this package's own pictures. */
  assets: string
  kernels: {
    /** Jupyter's data folders, the first wins. */
    folders: string[]
    python: string
    /** The folder of the Python package `cygnet`; without it kernels start in the ordinary way. */
    helpers?: string | undefined
    preload?: string[] | undefined
  }
  /** What kernels and terminals get. */
  environment: Record<string, string>
  hub?: HubIdentity | undefined
  /** Given to pages that a browser opens with it. */
  browserToken?: string | undefined
  started: Date
  /** Of a save, in bytes; one GiB and what base64 adds unless said. */
  bodyLimit?: number | undefined
  logLevel?: LogLevel | undefined
  /** Something that the server cannot go on without failed. */
  onFatal: (error: unknown) => void
  /** Asked for by a client; absent where the hub decides. */
  onShutdown?: (() => void) | undefined
}

/** Everything but the front door: it sees requests that are admitted, with the base path taken off. */
export interface App {
  handle(request: IncomingMessage, response: ServerResponse): void
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, path: string): Promise<void>
  activity(): Activity
  close(): Promise<void>
}

const defaultBodyLimit = 1.4 * 1024 ** 3

export async function createApp(options: AppOptions): Promise<App> {
  const { root, basePath, environment } = options
  const logger = createLogger(options.logLevel ?? 'info')
  const events = createEventBus()
  const contents = await createContents({
    folder: root,
    stateFolder: options.stateFolder,
    emit: (event) => events.emitContents(event),
  })
  const specs = createKernelSpecs({ folders: options.kernels.folders, python: options.kernels.python })
  const kernels = createKernelManager(toKernelOptions(options, contents.root.folder, specs, logger))
  const sessions = createSessionManager({ kernels, logger })
  const terminals = createTerminalManager({ root: contents.root.folder, environment, logger })
  let lastInput: Date | null = null

  function activity(): Activity {
    const own = kernels.activity()
    const work = joinWork([{ ...noWork, lastInput }, own, terminals.activity()])
    const { kernels: count, connections } = own
    return { ...work, lastActivity: lastActivityOf(work, options.started), kernels: count, connections }
  }

  const app = createRouter(options, logger)
  app.addHook('onRequest', async (request) => {
    if (isInput(request.raw)) lastInput = new Date()
  })
  registerApi(app, { ...options, contents, events })
  registerContents(app, { contents, basePath, bodyLimit: options.bodyLimit ?? defaultBodyLimit })
  registerFiles(app, { root: contents.root, basePath })
  registerKernels(app, { manager: kernels, specs, basePath })
  registerSessions(app, { sessions, basePath })
  registerTerminals(app, { terminals, basePath })
  registerLab(app, { ...options, logger })
  await app.ready()
  void kernels.warm()

  const upgrades = [
    createKernelUpgrade({ manager: kernels, logger }),
    createTerminalUpgrade({ terminals, logger }),
    createEventsUpgrade(events),
  ]
  return {
    handle: (request, response) => app.routing(request, response),
    async upgrade(request, socket, head, path) {
      for (const take of upgrades) if (await take(request, socket, head, path)) return
      refuseUpgrade(socket, '404 Not Found', `There is no WebSocket at ${path.slice(0, 300)}.`)
    },
    activity,
    async close() {
      events.close()
      await Promise.all([terminals.close(), kernels.close(), contents.close()])
      await app.close()
    },
  }
}

function createRouter(options: AppOptions, logger: Logger): FastifyInstance {
  const app = fastify({
    logger: false,
    requestTimeout: 0,
    return503OnClosing: false,
    // A path that cannot be decoded: it never gets as far as the error handler.
    frameworkErrors: (error, _request, reply) => void sendError(reply, toError(error)),
    schemaController: { compilersFactory: { buildValidator: refuseSchemas, buildSerializer: refuseSchemas } },
    routerOptions: { maxParamLength: 5000, ignoreTrailingSlash: false },
  })
  // Handlers read bodies themselves, each as large and in the form it can bear.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  answerErrors(app, logger)
  app.options('/*', (_request, reply) => reply.code(204).header('allow', 'GET, HEAD, PUT, PATCH, POST, DELETE').send())
  compressAnswers(app)
  const policy = `frame-ancestors 'self'; report-uri ${options.basePath}api/security/csp-report; default-src 'none'`
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff').header('content-security-policy', policy)
  })
  return app
}

/** Bodies are checked by their handlers. Fastify's own compilers would be a third of its memory. */
function refuseSchemas(): never {
  throw new Error('Routes of the notebook server have no JSON schemas.')
}

function toKernelOptions(
  options: AppOptions,
  root: string,
  specs: KernelManagerOptions['specs'],
  logger: Logger,
): KernelManagerOptions {
  const { python, helpers, preload } = options.kernels
  const zygote = helpers === undefined ? {} : { zygote: { python, helpers, ...(preload && { preload }) } }
  // The runtime folder may be memory.
  const spillDir = options.stateFolder
  return { specs, root, runtimeDir: options.runtimeDir, spillDir, environment: options.environment, logger, ...zygote }
}
