import type { KernelProcess } from './kernel-process.ts'
import { startZygoteProcess, type ForkRequest, type ZygoteOptions, type ZygoteProcess } from './zygote-process.ts'

/** Forks kernels from a process that has imported what they need; that process is replaced when it ends or gets stale. */
export interface Zygote {
  /** Undefined where it cannot be had now: the caller starts an ordinary process instead. */
  fork(request: ForkRequest): Promise<KernelProcess | undefined>
  /** Ends it with all kernels that are left. */
  close(): Promise<void>
}

/** After so many processes in a row that never got ready, no more are tried. */
const patience = 3

/** Starts the process at once; it takes requests about half a second later, and they wait for that. */
export function createZygote(options: ZygoteOptions): Zygote {
  const all = new Set<ZygoteProcess>()
  let failures = 0
  let isClosed = false
  let current: ZygoteProcess | undefined = start()

  function start(): ZygoteProcess | undefined {
    if (isClosed || failures >= patience) return undefined
    const zygote = startZygoteProcess(options)
    all.add(zygote)
    void replaceAtEnd(zygote)
    return zygote
  }

  async function replaceAtEnd(zygote: ZygoteProcess): Promise<void> {
    failures = (await zygote.ready) ? 0 : failures + 1
    if (failures === patience) options.logger.warn('The zygote does not start: kernels are started without it.')
    await zygote.ended
    all.delete(zygote)
    if (current === zygote) current = start()
  }

  return {
    async fork(request) {
      const zygote = current
      const answer = await zygote?.fork(request)
      if (answer === 'stale' && zygote !== undefined && zygote === current) {
        current = start()
        zygote.retire()
      }
      return typeof answer === 'object' ? answer : undefined
    },
    async close() {
      isClosed = true
      const endings = [...all].map((zygote) => zygote.ended)
      for (const zygote of all) zygote.kill()
      await Promise.all(endings)
    },
  }
}
