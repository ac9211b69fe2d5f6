import { setTimeout as delay } from 'node:timers/promises'
import { CygnetError } from '@cygnet/core/errors'
import type { Logger } from '@cygnet/core/log'
import type { BacklogLimits } from './backlog.ts'
import { createConnection } from './connection.ts'
import type { Work } from '../activity.ts'
import { createKernelActivity } from './kernel-activity.ts'
import { createKernelClients, type KernelClients } from './kernel-clients.ts'
import type { KernelLauncher } from './kernel-launcher.ts'
import { openKernelLink, type KernelLink } from './kernel-link.ts'
import { createMessage, parseHeader } from './kernel-message.ts'
import type { KernelModel } from './kernel-model.ts'
import { describeExit, type KernelExit, type KernelProcess } from './kernel-process.ts'
import type { KernelSpec } from './kernel-specs.ts'
import { createPendingRequests, toRequest, type PendingRequest } from './pending-requests.ts'
import { loadZmq } from './zmq.ts'

/** One kernel through all its processes: it keeps its id and its clients when it is restarted. */
export interface Kernel {
  readonly id: string
  readonly name: string
  readonly work: Work
  readonly clients: Pick<KernelClients, 'attach' | 'attached'>
  toModel(): KernelModel
  /** Resolves once it answers. A start that fails leaves nothing. @throws CygnetError with the kernel's last words */
  start(): Promise<void>
  /** @throws CygnetError `conflict` where no process runs */
  interrupt(): Promise<void>
  /** Resolves once the new process answers; a kernel that fails to is `dead` and can be restarted again. */
  restart(): Promise<void>
  /** Resolves once its process group, sockets and files are gone. */
  shutdown(): Promise<void>
}

export interface KernelTimes {
  /** How long a process may take until it answers. */
  startMs: number
  /** How long a process may take to end when it is asked to; then it is killed. */
  shutdownMs: number
  /** A process that lived so long counts as healthy: the count of restarts begins anew. */
  stableMs: number
  /** Restarts in a row after a kernel died by itself. */
  restarts: number
}

export interface KernelOptions {
  id: string
  spec: KernelSpec
  cwd: string
  environment: Record<string, string>
  runtimeDir: string
  launcher: KernelLauncher
  limits: BacklogLimits
  times: KernelTimes
  logger: Logger
}

interface Run {
  process: KernelProcess
  link: KernelLink
  since: number
}

type Phase = { at: 'starting' } | { at: 'running'; run: Run } | { at: 'dead'; reason: string } | { at: 'closed' }

export function createKernel(options: KernelOptions): Kernel {
  const { id, spec, times, launcher } = options
  const logger = options.logger.child({ kernel: id })
  const connection = createConnection(options.runtimeDir, id)
  const activity = createKernelActivity()
  const pending = createPendingRequests()
  const clients = createKernelClients({
    limits: options.limits,
    logger,
    pending,
    onInput: (message) => activity.notice(message),
    onRefused(message, answer) {
      const request = toRequest(message, answer)
      if (request !== undefined && phase.at === 'dead') answerFor([request], toDeadError(phase.reason))
    },
  })
  const closing = new AbortController()
  let phase: Phase = { at: 'starting' }
  let restarts = 0
  let last: Promise<unknown> = Promise.resolve()

  /** One change of the process at a time. */
  function serially<Result>(change: () => Promise<Result>): Promise<Result> {
    const result = last.then(change)
    last = result.catch(() => undefined)
    return result
  }

  async function launch(): Promise<void> {
    phase = { at: 'starting' }
    const zmq = await loadZmq()
    await connection.prepare(spec.name, options.environment['JPY_SESSION_NAME'] ?? '')
    const process = await launcher.launch({ ...options, connection }).catch((cause: unknown) => {
      throw new CygnetError('unavailable', `The kernel ${spec.name} does not start: ${messageOf(cause)}.`, { cause })
    })
    const link = openKernelLink(zmq, connection, (message) => {
      activity.observe(message)
      clients.publish(message)
    })
    await waitUntilReady(process, link)
    const run: Run = { process, link, since: Date.now() }
    phase = { at: 'running', run }
    activity.enter('idle')
    clients.connect(zmq, connection)
    void process.exited.then((exit) => serially(() => recover(run, exit))).catch(report)
  }

  async function waitUntilReady(process: KernelProcess, link: KernelLink): Promise<void> {
    const died = new AbortController()
    const late = AbortSignal.timeout(times.startMs)
    void process.exited.then(() => died.abort())
    try {
      await link.waitUntilReady(AbortSignal.any([died.signal, late, closing.signal]))
    } catch (cause) {
      const hasDied = died.signal.aborted
      process.signal('SIGKILL')
      link.close()
      await process.exited
      if (closing.signal.aborted) throw toStoppedError()
      throw await toStartError(process, hasDied ? await process.exited : undefined, cause)
    }
  }

  async function toStartError(process: KernelProcess, exit: KernelExit | undefined, cause: unknown): Promise<Error> {
    const words = await process.output.lastLines()
    if (words.some((line) => line.includes('No space left on device')))
      return new CygnetError('insufficient-storage', `The kernel ${spec.name} does not start: the disk is full.`, {
        cause,
        mend: 'Free some space and try again.',
      })
    const tail = words
      .map(
        (line) => `
    ${line}`,
      )
      .join('')
    const why = exit === undefined ? `it did not answer within ${times.startMs / 1000} s` : describeExit(exit)
    const code = exit === undefined ? 'timeout' : 'unavailable'
    return new CygnetError(code, `The kernel ${spec.name} does not start: ${why}.${tail}`, { cause })
  }

  /** Starts a kernel again that died by itself. */
  async function recover(run: Run, exit: KernelExit): Promise<void> {
    if (phase.at !== 'running' || phase.run !== run) return
    logger.warn({ exit, words: await run.process.output.lastLines(5) }, 'A kernel died.')
    await run.link.drain()
    tellCell(exit)
    leave(run, 'hold')
    if (Date.now() - run.since >= times.stableMs) restarts = 0
    let reason = describeExit(exit)
    while (restarts < times.restarts && !closing.signal.aborted) {
      restarts++
      tell('restarting')
      try {
        return await launch()
      } catch (error) {
        reason = messageOf(error)
        logger.warn({ error }, 'A kernel that died did not start again.')
      }
    }
    die(reason)
  }

  /**
   * Says in the output of the cell that ran why its kernel is gone (the Lab says no more than that it is), and replies in the
   * kernel's place, so that nobody waits for it. One that dies in its first moment has not even said that it is busy.
   */
  function tellCell(exit: KernelExit): void {
    const asked = pending.takeAll()
    const parent = activity.executing ?? asked.find(({ type }) => type === 'execute_request')?.header
    activity.executing = undefined
    const why = describeExit(exit)
    if (parent !== undefined) {
      const more = exit.signal === 'SIGKILL' ? ' If the work needs more, start your server with more memory.' : ''
      const text = `\nThe kernel died while this ran: ${why}.${more}\n`
      clients.publish(createMessage('iopub', 'stream', { name: 'stderr', text }, parent))
    }
    // The kernel writes the header anew: only what it says is the same.
    const here = parseHeader(parent).msg_id
    const isHere = ({ header }: PendingRequest) => parseHeader(header).msg_id === here
    answerFor(asked.filter(isHere), toDeadError(why))
    answerFor(
      asked.filter((request) => !isHere(request)),
      aborted,
    )
  }

  /** Ends the waiting of those who asked. */
  function answerFor(requests: PendingRequest[], content: object): void {
    for (const request of requests) {
      request.reply(content)
      clients.publish(createMessage('iopub', 'status', { execution_state: 'idle' }, request.header))
    }
  }

  function die(reason: string): void {
    if (closing.signal.aborted) return
    phase = { at: 'dead', reason }
    clients.disconnect('drop')
    tell('dead')
  }

  function tell(state: 'restarting' | 'dead'): void {
    activity.enter(state)
    clients.publish(createMessage('iopub', 'status', { execution_state: state }))
  }

  /** Frees what one process took. */
  function leave(run: Run, held: 'hold' | 'drop'): void {
    clients.disconnect(held)
    run.link.close()
    // What it started goes with it.
    run.process.signal('SIGKILL')
  }

  /** Asks the process to end, and makes it. */
  async function end(run: Run, restart: boolean): Promise<void> {
    phase = { at: 'starting' }
    const { process, link } = run
    const half = times.shutdownMs / 2
    const over = process.exited.then(() => true)
    const within = (ms: number) => Promise.race([over, delay(ms, false, { ref: false })])
    // A kernel at work would not listen before it is done.
    if (activity.state === 'busy') sendInterrupt(run)
    const limit = AbortSignal.timeout(times.shutdownMs)
    link.request('control', 'shutdown_request', { restart }, limit).catch(() => undefined)
    if (!(await within(half))) {
      process.signal('SIGTERM')
      if (!(await within(half))) process.signal('SIGKILL')
    }
    await process.exited
    await link.drain()
    activity.executing = undefined
    answerFor(pending.takeAll(), aborted)
    leave(run, restart ? 'hold' : 'drop')
  }

  function sendInterrupt(run: Run): void {
    if (spec.json.interrupt_mode === 'signal') return run.process.signal('SIGINT')
    run.link.request('control', 'interrupt_request', {}, AbortSignal.timeout(10_000)).catch(() => undefined)
  }

  function report(error: unknown): void {
    logger.error({ error }, 'A kernel could not be brought back.')
  }

  function toStoppedError(): CygnetError {
    return new CygnetError('conflict', `The kernel ${id} was shut down meanwhile.`)
  }

  return {
    id,
    name: spec.name,
    clients,
    work: activity,
    toModel() {
      const model: KernelModel = {
        id,
        name: spec.name,
        last_activity: activity.last.toISOString(),
        execution_state: activity.state,
        connections: clients.attached,
      }
      return phase.at === 'dead' ? { ...model, reason: phase.reason } : model
    },
    start: () => serially(launch),
    async interrupt() {
      if (phase.at === 'running') return sendInterrupt(phase.run)
      throw new CygnetError('conflict', `The kernel ${id} is ${activity.state}: there is nothing to interrupt.`)
    },
    restart: () =>
      serially(async () => {
        if (closing.signal.aborted) throw toStoppedError()
        if (phase.at === 'running') await end(phase.run, true)
        restarts = 0
        activity.state = 'restarting'
        try {
          await launch()
        } catch (error) {
          die(messageOf(error))
          throw error
        }
      }),
    shutdown() {
      closing.abort()
      return serially(async () => {
        if (phase.at === 'running') await end(phase.run, false)
        phase = { at: 'closed' }
        activity.state = 'dead'
        clients.close()
        await connection.remove()
      })
    },
  }
}

/** As kernels reply to what was behind a request that failed. There is no count: with `null` for it the Lab would wait on. */
const aborted = { status: 'aborted' }

function toDeadError(reason: string): object {
  const evalue = `The kernel died: ${reason}.`
  return { status: 'error', ename: 'KernelDied', evalue, traceback: [evalue] }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
