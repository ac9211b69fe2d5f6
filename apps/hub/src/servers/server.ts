import type { ServerChoice } from '@cygnet/contract/v1/servers'
import { CygnetError, toCygnetError } from '@cygnet/core/errors'
import { createId, createSecret } from '@cygnet/core/ids'
import type { Logger } from '@cygnet/core/log'
import type { ExitReason, Mount, ServerStatus, Spawner } from '@cygnet/spawners/spawner'
import type { BasePath } from '../base-path.ts'
import { describeExit } from './exit-reason.ts'
import { launch, type Launched, type SessionDescription } from './launch.ts'
import type { ServerLimits } from './limits.ts'
import { mountsInTime } from './mounts-in-time.ts'
import { activityAt, readActivity, type ServerActivity } from './server-activity.ts'
import { createProgress, type Progress, type ProgressEvent } from './progress.ts'
import type { ServerRecords, ServerUser, UnfinishedRecord } from './records.ts'
import { toServerPath } from './server-path.ts'
import type { StartSlots } from './start-slots.ts'
import type { ServerTarget } from './target.ts'

export interface ServerDeps {
  /** Of the service. */
  base: BasePath
  spawner: Spawner
  records: ServerRecords
  slots: StartSlots
  limits: ServerLimits
  describeSession: (user: ServerUser, choice: ServerChoice) => Promise<SessionDescription> | SessionDescription
  mountsOf: (user: ServerUser) => Promise<Mount[]>
  /** Told when a server begins to run or was found again; `gone` aborts when it no longer does. */
  began?: ((user: ServerUser, gone: AbortSignal) => void) | undefined
  /** Told when a server was last active, whenever it is asked. */
  active?: ((user: ServerUser, last: Date) => void) | undefined
  log: Logger
}

/** What was asked for, and when. */
interface Order {
  choice: ServerChoice
  options: Record<string, unknown>
  since: Date
}

/** The life of a server. */
export type Phase =
  /** `reason`: where nobody asked for it. `failure`: why the last start came to nothing. */
  | { at: 'stopped'; reason: string | null; failure: CygnetError | null }
  | { at: 'starting'; order: Order; abort: AbortController; progress: Progress; done: Promise<void> }
  | {
      at: 'running'
      order: Order
      handle: unknown
      target: ServerTarget
      end: AbortController
      activity: ServerActivity
    }
  | { at: 'stopping'; order: Order; target: ServerTarget; done: Promise<void>; activity: ServerActivity }

/** Where requests for a server go. A {@link Phase} is one. */
export type ServerRoute =
  | { at: 'running'; target: ServerTarget }
  | { at: 'starting' }
  | { at: 'stopping' }
  | { at: 'stopped'; reason: string | null }

type Running = Phase & { at: 'running' }
type Starting = Phase & { at: 'starting' }

const stopMilliseconds = 30_000
/** How long a server may take to say what it does. */
const activityMilliseconds = 5000

/** One user's server, from its start to its end and on to the next start. */
export class Server {
  readonly user: ServerUser
  readonly #deps: ServerDeps
  #phase: Phase
  #check: Promise<ServerStatus | null> | undefined
  #remount: 'none' | 'under-way' | 'again' = 'none'
  #writtenActivity = 0
  #asking: Promise<void> | undefined
  #askedAt = 0
  #unwrittenEnd = false

  constructor(user: ServerUser, deps: ServerDeps, reason: string | null = null) {
    this.user = user
    this.#deps = deps
    this.#phase = { at: 'stopped', reason, failure: null }
  }

  get phase(): Phase {
    return this.#phase
  }

  /** Whether it runs and was started when the service lay below another path, which its pages still name. */
  get isElsewhere(): boolean {
    return this.#phase.at === 'running' && this.#phase.target.basePath !== toServerPath(this.#deps.base, this.user)
  }

  /**
   * Begins a start; nothing happens where one is under way.
   * @throws CygnetError `bad-request` while it runs or stops, as JupyterHub says it
   */
  start(choice: ServerChoice, options: Record<string, unknown>): void {
    if (this.#phase.at === 'starting') return
    this.refuseStart()
    const starting: Starting = {
      at: 'starting',
      order: { choice, options, since: new Date() },
      abort: new AbortController(),
      progress: createProgress(),
      done: Promise.resolve(),
    }
    this.#phase = starting
    this.#unwrittenEnd = false
    starting.done = this.#run(starting)
  }

  /** @throws CygnetError where no start can begin now */
  refuseStart(): void {
    const { at } = this.#phase
    if (at === 'running') throw new CygnetError('bad-request', `The server of ${this.user.name} is already running.`)
    if (at === 'stopping')
      throw new CygnetError('bad-request', `The server of ${this.user.name} is stopping.`, {
        mend: 'Try again in a moment.',
        retryAfter: 1,
      })
  }

  /** Resolves once it is gone, also where it never was. @throws CygnetError where the spawner cannot stop it; it runs on then */
  async stop(): Promise<void> {
    const phase = this.#phase
    if (phase.at === 'starting') {
      phase.abort.abort(new CygnetError('conflict', 'The start was cancelled.'))
      await phase.done
      // The start may have come to its end just before.
      if (this.#phase.at === 'running') await this.stop()
    } else if (phase.at === 'stopping') await phase.done
    else if (phase.at === 'running') await this.#stopRunning(phase)
  }

  /** Takes over what ran when the service ended. Never rejects: what cannot be taken over is stopped, with the reason why. */
  async adopt(record: UnfinishedRecord): Promise<void> {
    const { spawner, records, log } = this.#deps
    try {
      if (record.running === null)
        return await this.#becomeStopped('The service was interrupted while the server started.')
      if (record.spawner !== spawner.name)
        return await this.#becomeStopped(`It ran in the ${record.spawner}, which the service no longer uses.`)
      const { handle, address } = record.running
      const status = await spawner.probe(handle)
      if (status.state === 'running') {
        const order = { choice: record.choice, options: record.options, since: record.started }
        const { secret, basePath } = record
        this.#begin(order, { handle, address, secret, basePath }, activityAt(record.lastActivity))
        // Who asks for it next must not be told of the time before the service ended.
        await this.readActivity()
        log.info({ user: this.user.name }, 'Found a running server again.')
        if (this.isElsewhere)
          log.warn(
            { user: this.user.name, started: basePath },
            'The path of the service was another when the server was started; its pages work again once it is restarted.',
          )
        return
      }
      await this.#becomeStopped(describeExit(status.reason))
      await spawner.stop(handle, AbortSignal.timeout(stopMilliseconds))
    } catch (error) {
      log.error({ user: this.user.name, err: error }, 'A server that ran before could not be taken over.')
      await records.stopped(this.user, 'The service could not find it again.').catch(() => undefined)
    }
  }

  /** Looks whether it is still there, and says what it uses. Null where it does not run. */
  check(): Promise<ServerStatus | null> {
    this.#check ??= this.#probe().finally(() => {
      this.#check = undefined
    })
    return this.#check
  }

  /** Follows the start that is under way, or tells how the last one ended. @throws CygnetError `bad-request` where there was none */
  async *watch(signal: AbortSignal): AsyncGenerator<ProgressEvent, void, undefined> {
    const phase = this.#phase
    if (phase.at === 'starting') yield* phase.progress.watch(signal)
    else if (phase.at === 'running') yield { kind: 'ready' }
    else if (phase.at === 'stopped' && phase.failure !== null) yield { kind: 'failed', message: toText(phase.failure) }
    else throw new CygnetError('bad-request', `The server of ${this.user.name} is not starting.`)
  }

  /** Makes the mounts of a running server what they should be now; a start under way is followed by it. */
  refreshMounts(): void {
    if (this.#remount !== 'none' || this.#phase.at === 'starting') this.#remount = 'again'
    else if (this.#phase.at === 'running') void this.#remountAll()
  }

  /** Lets go of a running server, which lives on, and cancels a start. */
  async release(): Promise<void> {
    if (this.#phase.at === 'running') {
      await this.writeDown()
      this.#phase.end.abort()
    } else if (this.#phase.at === 'starting') await this.stop()
    else if (this.#phase.at === 'stopping') await this.#phase.done
    else await this.#writeEnd()
  }

  /** Writes down what changed since the last time, and what could not be written then. */
  async writeDown(): Promise<void> {
    await this.#writeEnd()
    if (this.#phase.at !== 'running') return
    const { last } = this.#phase.activity
    if (last.getTime() === this.#writtenActivity) return
    await this.#deps.records.active(this.user, last)
    this.#writtenActivity = last.getTime()
  }

  /** Asks a running server what it does. Never rejects: of one that does not answer what was known stays. */
  readActivity({ fresherThan = 0 } = {}): Promise<void> {
    if (Date.now() - this.#askedAt < fresherThan) return Promise.resolve()
    this.#asking ??= this.#askForActivity().finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  async #run(starting: Starting): Promise<void> {
    const { slots, limits, log } = this.#deps
    const { progress, order, abort } = starting
    let release: (() => void) | undefined
    try {
      release = await slots.take(abort.signal, (place) =>
        progress.report({ percent: 0, message: `Waiting for other servers to start; place ${place} in line` }),
      )
      const timeout = new AbortController()
      const timer = setTimeout(() => timeout.abort(tooSlow(limits.startMilliseconds)), limits.startMilliseconds)
      const signal = AbortSignal.any([abort.signal, timeout.signal])
      try {
        const mountsOf = mountsInTime(this.#deps, () => this.refreshMounts(), signal)
        const deps = { ...this.#deps, mountsOf }
        const launched = await launch(deps, this.user, order, createId(), createSecret(), progress, signal)
        this.#begin(order, launched, activityAt(new Date()))
      } catch (error) {
        // Why it was given up tells more than what broke for it.
        throw signal.aborted ? signal.reason : error
      } finally {
        clearTimeout(timer)
      }
      log.info({ user: this.user.name, milliseconds: Date.now() - order.since.getTime() }, 'A server is ready.')
      progress.end({ kind: 'ready' })
    } catch (error) {
      await this.#fail(starting, toCygnetError(error))
    } finally {
      release?.()
    }
  }

  async #fail(starting: Starting, failure: CygnetError): Promise<void> {
    const isCancelled = starting.abort.signal.aborted
    if (isCancelled) this.#deps.log.info({ user: this.user.name }, 'A start was cancelled.')
    else this.#deps.log.warn({ user: this.user.name, err: failure }, 'A server did not start.')
    const reason = isCancelled ? null : toText(failure)
    this.#phase = { at: 'stopped', reason, failure }
    this.#unwrittenEnd = true
    await this.#writeEnd()
    this.#remount = 'none'
    starting.progress.end({ kind: 'failed', message: toText(failure) })
  }

  #begin(order: Order, launched: Launched, activity: ServerActivity): void {
    const end = new AbortController()
    const target: ServerTarget = {
      address: launched.address,
      basePath: launched.basePath,
      authorization: `token ${launched.secret}`,
      gone: end.signal,
    }
    const running: Running = { at: 'running', order, handle: launched.handle, target, end, activity }
    this.#phase = running
    this.#watchForExit(running)
    this.#deps.began?.(this.user, end.signal)
    if (this.#remount === 'again') void this.#remountAll()
  }

  #watchForExit(running: Running): void {
    this.#deps.spawner.waitForExit(running.handle, running.end.signal).then(
      (status) => this.#exited(running, status.reason),
      (error: unknown) => {
        if (!running.end.signal.aborted)
          this.#deps.log.error({ user: this.user.name, err: error }, 'A server can no longer be watched.')
      },
    )
  }

  /** It ended by itself. */
  async #exited(running: Running, reason: ExitReason): Promise<void> {
    if (this.#phase !== running) return
    this.#deps.log.info({ user: this.user.name, reason }, 'A server ended by itself.')
    running.end.abort()
    try {
      await this.#becomeStopped(describeExit(reason))
      await this.#deps.spawner.stop(running.handle, AbortSignal.timeout(stopMilliseconds))
    } catch (error) {
      this.#deps.log.error({ user: this.user.name, err: error }, 'What a server left could not be tidied.')
    }
  }

  #stopRunning(running: Running): Promise<void> {
    const { order, target, activity } = running
    const stopping: Phase & { at: 'stopping' } = {
      at: 'stopping',
      order,
      target,
      done: Promise.resolve(),
      activity,
    }
    this.#phase = stopping
    running.end.abort()
    stopping.done = this.#endRunning(running)
    return stopping.done
  }

  async #endRunning(running: Running): Promise<void> {
    try {
      await this.#deps.spawner.stop(running.handle, AbortSignal.timeout(stopMilliseconds))
    } catch (cause) {
      this.#begin(running.order, toLaunched(running), running.activity)
      throw new CygnetError('internal', `The server of ${this.user.name} could not be stopped.`, { cause })
    }
    this.#deps.log.info({ user: this.user.name }, 'A server was stopped.')
    await this.#becomeStopped(null)
  }

  /** It is stopped, whether that can be written down at once or not. Never rejects. */
  async #becomeStopped(reason: string | null): Promise<void> {
    this.#phase = { at: 'stopped', reason, failure: null }
    this.#unwrittenEnd = true
    await this.#writeEnd()
  }

  async #writeEnd(): Promise<void> {
    if (this.#phase.at !== 'stopped' || !this.#unwrittenEnd) return
    try {
      await this.#deps.records.stopped(this.user, this.#phase.reason)
      this.#unwrittenEnd = false
    } catch (error) {
      this.#deps.log.error({ user: this.user.name, err: error }, 'That a server ended could not be written down yet.')
    }
  }

  async #askForActivity(): Promise<void> {
    const phase = this.#phase
    if (phase.at !== 'running') return
    this.#askedAt = Date.now()
    try {
      const limit = AbortSignal.any([phase.end.signal, AbortSignal.timeout(activityMilliseconds)])
      phase.activity = await readActivity(phase.target, limit)
      this.#deps.active?.(this.user, phase.activity.last)
    } catch (error) {
      this.#deps.log.debug({ user: this.user.name, err: error }, 'A server does not say what it does.')
    }
  }

  async #probe(): Promise<ServerStatus | null> {
    const phase = this.#phase
    if (phase.at !== 'running') return null
    const status = await this.#deps.spawner.probe(phase.handle)
    if (status.state === 'exited') await this.#exited(phase, status.reason)
    return status
  }

  async #remountAll(): Promise<void> {
    const { spawner, mountsOf, log } = this.#deps
    try {
      do {
        this.#remount = 'under-way'
        const mounts = await mountsOf(this.user)
        if (this.#phase.at === 'running') await spawner.remount?.(this.#phase.handle, mounts)
      } while (this.#isAskedAgain())
    } catch (error) {
      log.error({ user: this.user.name, err: error }, 'What is shared with a running server could not be mounted.')
    }
    this.#remount = 'none'
  }

  #isAskedAgain(): boolean {
    return this.#remount === 'again'
  }
}

function toLaunched(running: Running): Launched {
  const { address, basePath, authorization } = running.target
  return { handle: running.handle, address, basePath, secret: authorization.slice('token '.length) }
}

function tooSlow(milliseconds: number): CygnetError {
  return new CygnetError('timeout', `The server was not ready within ${milliseconds / 1000} seconds.`, {
    mend: 'Try again; if it stays like this, ask the administrator.',
  })
}

function toText(error: CygnetError): string {
  return error.mend === undefined ? error.message : `${error.message} ${error.mend}`
}
