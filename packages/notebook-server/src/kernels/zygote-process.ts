import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Logger } from '@cygnet/core/log'
import { z } from 'zod'
import { createForkedKernel, type ForkedKernel } from './forked-kernel.ts'
import type { KernelProcess } from './kernel-process.ts'
import { createOutputTail } from './output-tail.ts'

export interface ZygoteOptions {
  /** The release's interpreter. */
  python: string
  /** The folder that holds the Python package `cygnet`. */
  helpers: string
  /** Modules to import beside what every kernel needs. */
  preload: string[]
  environment: Record<string, string>
  logger: Logger
}

export interface ForkRequest {
  id: string
  /** What `python -m` would run, `ipykernel_launcher` or `ipykernel`. */
  module: string
  arguments: string[]
  /** What would start it as a process of its own. */
  command: string[]
  environment: Record<string, string>
  cwd: string
  /** Where to make the FIFO of its output. */
  output: string
}

/** Why there is no kernel: `stale` means that packages changed since the zygote imported them. */
export type ForkAnswer = KernelProcess | 'stale' | 'unavailable'

/** One process of python/cygnet/zygote.py. */
export interface ZygoteProcess {
  /** Resolves once it takes requests, or with false where it ended before. */
  readonly ready: Promise<boolean>
  readonly ended: Promise<void>
  fork(request: ForkRequest): Promise<ForkAnswer>
  /** Makes the process small, and ends it as soon as none of its kernels is left: it is the one that learns how they end. */
  retire(): void
  /** Ends it with all its kernels. */
  kill(): void
}

const report = z.discriminatedUnion('event', [
  z.object({ event: z.literal('ready'), python: z.string() }),
  z.object({ event: z.literal('forked'), id: z.string(), pid: z.number() }),
  z.object({ event: z.literal('failed'), id: z.string(), message: z.string() }),
  z.object({ event: z.literal('stale'), id: z.string() }),
  z.object({ event: z.literal('exited'), id: z.string(), code: z.number().nullable(), signal: z.string().nullable() }),
])

export function startZygoteProcess(options: ZygoteOptions): ZygoteProcess {
  const { logger } = options
  const ready = Promise.withResolvers<boolean>()
  const ended = Promise.withResolvers<void>()
  const asked = new Map<string, { request: ForkRequest; answer: (answer: ForkAnswer) => void }>()
  const kernels = new Map<string, ForkedKernel>()
  const output = createOutputTail()
  let hasEnded = false
  let isRetired = false
  let isSmall = false
  let asking = 0

  const preload = options.preload.flatMap((module) => ['--preload', module])
  const child = spawn(
    options.python,
    ['-Xfrozen_modules=off', '-m', 'cygnet.zygote', '--server-pid', String(process.pid), ...preload],
    {
      cwd: '/',
      env: { ...options.environment, PYTHONPATH: options.helpers },
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  )
  output.read(child.stderr)
  child.stdin.on('error', () => undefined)
  child.on('error', (error) => finish(String(error)))
  child.on('exit', (code, signal) => finish(signal ?? `code ${code}`))
  createInterface(child.stdout).on('line', (line) => {
    const parsed = report.safeParse(parseLine(line))
    if (parsed.success) take(parsed.data)
    else logger.warn({ line: line.slice(0, 500) }, 'The zygote said something that is no report.')
  })

  function take(event: z.infer<typeof report>): void {
    if (event.event === 'ready') return ready.resolve(true)
    if (event.event === 'exited') return forget(event.id, event)
    const question = asked.get(event.id)
    asked.delete(event.id)
    if (question === undefined) return
    if (event.event === 'forked') return question.answer(adopt(event.pid, question.request))
    if (event.event === 'failed') logger.warn({ reason: event.message }, 'The zygote could not fork a kernel.')
    question.answer(event.event === 'stale' ? 'stale' : 'unavailable')
  }

  function adopt(pid: number, request: ForkRequest): ForkAnswer {
    const kernel = createForkedKernel(pid, request.output)
    child.stdin.write(`${JSON.stringify({ opened: request.id })}\n`)
    kernels.set(request.id, kernel)
    return kernel
  }

  function forget(id: string, exit: { code: number | null; signal: string | null }): void {
    kernels.get(id)?.end({ code: exit.code, signal: exit.signal })
    kernels.delete(id)
    settle()
  }

  /** After its retirement: what is asked for is still answered, and what it has forked is waited for. */
  function settle(): void {
    if (!isRetired || asking > 0) return
    if (kernels.size === 0) child.stdin.end()
    else if (!isSmall) child.stdin.write(`${JSON.stringify({ retire: true })}\n`)
    isSmall = true
  }

  function finish(how: string): void {
    if (hasEnded) return
    hasEnded = true
    for (const { answer } of asked.values()) answer('unavailable')
    asked.clear()
    for (const kernel of kernels.values()) kernel.watch()
    ready.resolve(false)
    ended.resolve()
    void output.lastLines().then((words) => logger.debug({ how, words }, 'The zygote ended.'))
  }

  return {
    ready: ready.promise,
    ended: ended.promise,
    async fork(request) {
      asking++
      try {
        if (!(await ready.promise) || hasEnded) return 'unavailable'
        const { promise, resolve } = Promise.withResolvers<ForkAnswer>()
        asked.set(request.id, { request, answer: resolve })
        child.stdin.write(`${JSON.stringify(request)}\n`)
        return await promise
      } finally {
        asking--
        settle()
      }
    },
    retire() {
      isRetired = true
      settle()
    },
    kill() {
      // The end of its input makes it kill its kernels; killing it right away would leave them.
      child.stdin.end()
      if (!hasEnded) setTimeout(() => child.kill('SIGKILL'), 2000).unref()
    },
  }
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
