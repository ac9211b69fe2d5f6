import type { KernelProcess } from './kernel-process.ts'
import { startZygoteProcess, type ForkRequest, type ZygoteOptions, type ZygoteProcess } from './zygote-process.ts'

/** Forks kernels from a process that has imported what they need; that process is replaced when it ends or gets stale. */
export interface Zygote {
  /** Undefined where it cannot be had now: the caller starts an ordinary process instead. */
  fork(request: ForkRequest): Promise<KernelProcess | undefined>
  /** Ends it with all kernels that are left. */
  close(): Promise<void>
}

/** After so many processes in a row that ended by themselves before they were so old, no more are tried. */
const patience = 3
const healthyMs = 10_000

/**
 * Starts the process at once; it takes requests about half a second later, and they wait for that.
 * Where nobody asks for so long, the process gives its memory back; the next request starts another.
 */
export function createZygote(options: ZygoteOptions & { idleMs: number }): Zygote {
  const all = new Set<ZygoteProcess>()
  let failures = 0
  let isClosed = false
  let current: ZygoteProcess | undefined
  let idle: NodeJS.Timeout | undefined

  function start(): ZygoteProcess | undefined {
    if (isClosed || failures >= patience) return undefined
    const zygote = startZygoteProcess(options)
    all.add(zygote)
    void replaceAtEnd(zygote)
    return zygote
  }

  function retire(zygote: ZygoteProcess, next: ZygoteProcess | undefined): void {
    if (current !== zygote) return
    current = next
    zygote.retire()
  }

  function rest(zygote: ZygoteProcess): void {
    clearTimeout(idle)
    idle = setTimeout(() => retire(zygote, undefined), options.idleMs).unref()
  }

  async function replaceAtEnd(zygote: ZygoteProcess): Promise<void> {
    const began = performance.now()
    await zygote.ended
    all.delete(zygote)
    if (current !== zygote) return
    failures = performance.now() - began < healthyMs ? failures + 1 : 0
    if (failures === patience) options.logger.warn('The zygote does not stay: kernels are started without it.')
    current = start()
    if (current !== undefined) rest(current)
  }

  current = start()
  if (current !== undefined) rest(current)
  return {
    async fork(request) {
      clearTimeout(idle)
      const zygote = (current ??= start())
      if (zygote === undefined) return undefined
      const answer = await zygote.fork(request)
      if (answer === 'stale' && current === zygote) retire(zygote, start())
      if (current !== undefined) rest(current)
      return typeof answer === 'object' ? answer : undefined
    },
    async close() {
      isClosed = true
      clearTimeout(idle)
      const endings = [...all].map((zygote) => zygote.ended)
      for (const zygote of all) zygote.kill()
      await Promise.all(endings)
    },
  }
}
