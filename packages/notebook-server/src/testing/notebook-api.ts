import { mkdtemp, mkdir, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { statusOf, toCygnetError, toErrorBody } from '@cygnet/core/errors'
import { createSilentLogger } from '@cygnet/core/log'
import Fastify from 'fastify'
import { createKernelManager, type KernelManager, type KernelManagerOptions } from '../kernels/kernel-manager.ts'
import type { KernelModel } from '../kernels/kernel-model.ts'
import { createKernelSpecs } from '../kernels/kernel-specs.ts'
import { registerKernels } from '../kernels/routes.ts'
import { createKernelUpgrade } from '../kernels/upgrade.ts'
import { registerSessions } from '../sessions/routes.ts'
import { createSessionManager } from '../sessions/session-manager.ts'
import { registerTerminals } from '../terminals/routes.ts'
import { createTerminalManager, type TerminalManager } from '../terminals/terminal-manager.ts'
import { createTerminalUpgrade } from '../terminals/upgrade.ts'
import { findRelease } from './release.ts'

/** Kernels, sessions and terminals on a real port, as the notebook server mounts them. */
export interface NotebookApi extends AsyncDisposable {
  /** `http://127.0.0.1:<port>/user/ada/` */
  url: string
  folder: string
  root: string
  runtimeDir: string
  manager: KernelManager
  terminals: TerminalManager
  fetch<Body = KernelModel>(path: string, init?: RequestInit): Promise<Answer<Body>>
}

export interface Answer<Body> {
  status: number
  headers: Headers
  /** Parsed where it is JSON: a test says what it expects. */
  body: Body
}

export interface NotebookApiOptions extends Partial<KernelManagerOptions> {
  /** Folders with kernels beside the release's, looked into first. */
  kernelFolders?: string[]
  withZygote?: boolean
}

const basePath = '/user/ada/'

export async function startNotebookApi(options: NotebookApiOptions = {}): Promise<NotebookApi> {
  const release = findRelease()
  const folder = await mkdtemp(join(tmpdir(), 'nbs-'))
  const root = join(folder, 'home')
  await mkdir(root)
  const runtimeDir = join(folder, 'run')
  const logger = createSilentLogger()
  const specs = createKernelSpecs({
    folders: [...(options.kernelFolders ?? []), release.share],
    python: release.python,
  })
  const environment = { HOME: root, PATH: `${release.bin}:/usr/local/bin:/usr/bin:/bin`, LANG: 'C.UTF-8' }
  const manager = createKernelManager({
    specs,
    root,
    runtimeDir,
    environment,
    logger,
    ...(options.withZygote === true && { zygote: { python: release.python, helpers } }),
    ...options,
  })
  const terminals = createTerminalManager({ root, environment, logger })
  const sessions = createSessionManager({ kernels: manager, logger })

  const app = Fastify()
  app.setErrorHandler(async (error, _request, reply) => {
    const known = toCygnetError(error)
    return reply.status(statusOf(known.code)).send(toErrorBody(known))
  })
  void app.register(
    async (scope) => {
      registerKernels(scope, { manager, specs, basePath })
      registerSessions(scope, { sessions, basePath })
      registerTerminals(scope, { terminals, basePath })
    },
    { prefix: basePath.slice(0, -1) },
  )
  const upgrades = [createKernelUpgrade({ manager, logger }), createTerminalUpgrade({ terminals, logger })]
  app.server.on('upgrade', (request, socket, head) => {
    const path = `/${(request.url ?? '').split('?')[0]?.slice(basePath.length) ?? ''}`
    for (const upgrade of upgrades) if (upgrade(request, socket, head, path) === true) return
    socket.destroy()
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}${basePath}`

  return {
    url,
    folder,
    root,
    runtimeDir,
    manager,
    terminals,
    async fetch(path, init) {
      const response = await fetch(url + path, init)
      const text = await response.text()
      const isJson = response.headers.get('content-type')?.includes('json') === true
      return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([manager.close(), terminals.close()])
      app.server.closeAllConnections()
      await app.close()
      await rm(folder, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

export function json(body: unknown): RequestInit {
  return { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
}

export const helpers = fileURLToPath(new URL('../../../../python', import.meta.url))
