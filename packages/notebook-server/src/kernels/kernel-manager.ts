import { randomUUID } from 'node:crypto'
import { CygnetError } from '@cygnet/core/errors'
import type { Logger } from '@cygnet/core/log'
import { joinWork, noWork, type Work } from '../activity.ts'
import { createKernel, type Kernel, type KernelTimes } from './kernel.ts'
import { createKernelLauncher } from './kernel-launcher.ts'
import type { KernelModel } from './kernel-model.ts'
import type { KernelSpecs } from './kernel-specs.ts'
import { findWorkingFolder } from './working-folder.ts'
import { createZygote } from './zygote.ts'
import { loadZmq } from './zmq.ts'

export interface KernelManagerOptions {
  specs: KernelSpecs
  /** The folder that API paths are relative to. */
  root: string
  /** A private folder for connection files and sockets; made where it is missing. At most 95 bytes. */
  runtimeDir: string
  /** What every kernel gets. */
  environment: Record<string, string>
  logger: Logger
  /** Without it all kernels are ordinary processes. */
  zygote?: {
    /** The interpreter that kernels run in, the one of `specs`. */
    python: string
    /** The folder that holds the Python package `cygnet`. */
    helpers: string
    /** Modules to import beside what every kernel needs: they make its first cells faster and the process larger. */
    preload?: string[]
    /** After so long without a new kernel it gives its memory back, and the next kernel starts more slowly. */
    idleMs?: number
  }
  /** Where messages for slow or absent clients go once they are too many for the memory; the runtime folder unless said. */
  spillDir?: string
  /** Bytes of messages kept for one client in memory, and in all. */
  backlog?: { memoryBytes: number; totalBytes: number }
  times?: Partial<KernelTimes>
}

export interface StartRequest {
  /** A kernelspec's name; the default one unless said. */
  name?: string | undefined
  /** The API path of a folder or of a document in it: the kernel starts there, or in the nearest folder that exists. */
  path?: string | undefined
  environment?: Record<string, string>
}

/** The running kernels of one user. */
export interface KernelManager {
  readonly root: string
  /** Loads the native parts. It never rejects. */
  warm(): Promise<void>
  /** Resolves once the kernel answers. @throws CygnetError naming the kernel and its last words */
  start(request: StartRequest): Promise<Kernel>
  list(): KernelModel[]
  /** @throws CygnetError `not-found` */
  get(id: string): Kernel
  has(id: string): boolean
  interrupt(id: string): Promise<void>
  restart(id: string): Promise<void>
  shutdown(id: string): Promise<void>
  /** That of kernels which are gone counts on, but for being busy. */
  activity(): Work & { kernels: number; connections: number }
  /** Ends all kernels, and what starts them. */
  close(): Promise<void>
}

const defaultTimes: KernelTimes = { startMs: 60_000, shutdownMs: 5000, stableMs: 10_000, restarts: 5 }

/** After it the next kernel takes half a second more to start, and a server with one kernel 17 MB less until then. */
const defaultIdleMs = 60_000

/** Cheap: native parts are loaded later. The zygote's process is started at once. */
export function createKernelManager(options: KernelManagerOptions): KernelManager {
  const { specs, root, environment, logger } = options
  const kernels = new Map<string, Kernel>()
  const zygote =
    options.zygote && createZygote({ preload: [], idleMs: defaultIdleMs, ...options.zygote, environment, logger })
  const launcher = createKernelLauncher({ python: specs.python, environment, zygote, logger })
  const times = { ...defaultTimes, ...options.times }
  const limits = {
    memoryBytes: options.backlog?.memoryBytes ?? 4 * 1024 * 1024,
    totalBytes: options.backlog?.totalBytes ?? 256 * 1024 * 1024,
    folder: options.spillDir ?? options.runtimeDir,
  }
  let past: Work = noWork
  let isClosed = false

  const manager: KernelManager = {
    root,
    async warm() {
      await loadZmq().catch((error: unknown) =>
        logger.error({ error }, 'ZeroMQ cannot be loaded: no kernel will start.'),
      )
    },
    async start(request) {
      const spec = await specs.get(request.name ?? (await specs.defaultName()))
      const cwd = await findWorkingFolder(root, request.path ?? '')
      if (isClosed) throw new CygnetError('unavailable', 'The server is being shut down.')
      const id = randomUUID()
      const { runtimeDir } = options
      const kernel = createKernel({
        id,
        spec,
        cwd,
        environment: request.environment ?? {},
        runtimeDir,
        launcher,
        limits,
        times,
        logger,
      })
      kernels.set(id, kernel)
      const began = performance.now()
      try {
        await kernel.start()
      } catch (error) {
        kernels.delete(id)
        await kernel.shutdown()
        throw error
      }
      logger.info({ kernel: id, name: spec.name, ms: Math.round(performance.now() - began) }, 'A kernel is ready.')
      return kernel
    },
    list: () => [...kernels.values()].map((kernel) => kernel.toModel()),
    get(id) {
      const kernel = kernels.get(id)
      if (kernel === undefined) throw new CygnetError('not-found', `Kernel does not exist: ${id.slice(0, 100)}`)
      return kernel
    },
    has: (id) => kernels.has(id),
    async interrupt(id) {
      await manager.get(id).interrupt()
    },
    async restart(id) {
      await manager.get(id).restart()
    },
    async shutdown(id) {
      const kernel = manager.get(id)
      kernels.delete(id)
      past = { ...joinWork([past, kernel.work]), busy: false }
      await kernel.shutdown()
    },
    activity() {
      const all = [...kernels.values()]
      const connections = all.reduce((sum, kernel) => sum + kernel.clients.attached, 0)
      return { ...joinWork([past, ...all.map((kernel) => kernel.work)]), kernels: kernels.size, connections }
    },
    async close() {
      isClosed = true
      const all = [...kernels.values()]
      kernels.clear()
      await Promise.allSettled(all.map((kernel) => kernel.shutdown()))
      await zygote?.close()
    },
  }
  return manager
}
