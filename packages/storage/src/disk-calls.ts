import type { FileHandle } from 'node:fs/promises'
import { basename } from 'node:path'
import { CygnetError } from '@cygnet/core/errors'

/**
 * A call of a disk that hangs keeps its thread until the disk answers; nobody can take it back. The process has
 * `UV_THREADPOOL_SIZE` of them, for files, passwords and names of hosts alike (64: see cygnet.mjs).
 */
const mostOfOne = 8
/** Of all trees, as they may all lie on the disk that hangs. */
const mostOfAll = 48
/** Beyond that each tree still gets one thread, so that those on other disks are served while several hang. */
const mostWithReserve = 56
/** How long no call of a tree has come back when it is no longer waited for. */
const patienceMilliseconds = 20_000

const trees = new Map<string, DiskCalls>()
/** Trees that could have more calls under way if others had fewer. */
const starved = new Set<DiskCalls>()
let underWay = 0

/**
 * The calls of one tree of files, such as a home.
 *
 * @param folder - where it is on the host
 * @param title - how it is named in errors
 */
export function diskCallsOf(folder: string, title: string = basename(folder)): DiskCalls {
  const known = trees.get(folder)
  if (known !== undefined) return known
  const calls = new DiskCalls(title)
  trees.set(folder, calls)
  return calls
}

interface Waiting {
  readonly since: number
  start(): void
  /** Undefined for what waits as long as it takes. */
  readonly giveUp: ((error: unknown) => void) | undefined
}

/** An answer that is given up where its call does not come back; the call keeps its thread. */
interface Awaited {
  readonly since: number
  giveUp(error: unknown): void
}

/** Lets at most some calls of a tree be under way, each one thread's worth, and has the others wait in line. */
export class DiskCalls {
  readonly #title: string
  readonly #line: Waiting[] = []
  readonly #awaited = new Set<Awaited>()
  #underWay = 0
  /** Or when the first of those under way was made. */
  #lastReturn = performance.now()
  #isWatched = false

  constructor(title: string) {
    this.#title = title
  }

  /**
   * Makes a call when there is a thread for it. The calls in `work` follow one another; none of them may come here.
   *
   * @param signal - ends the waiting in line, never the call
   * @throws CygnetError `unavailable` where no call of the tree has come back for a while; the call was not made then
   */
  run<Result>(work: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    if (this.#mayStart()) return this.#start(work)
    if (this.#isStuck()) return Promise.reject(this.#stuckError())
    return this.#wait(work, true, signal)
  }

  /** As {@link run}, for what must be done in the end, such as to close a file: it waits as long as it takes. */
  finish<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#mayStart() ? this.#start(work) : this.#wait(work, false)
  }

  /**
   * For work that changes nothing: its answer is not waited for any longer where no call of the tree comes back. The work
   * itself goes on when the disk answers.
   *
   * @param late - frees a result that nobody waits for
   * @throws CygnetError `unavailable`
   */
  async answer<Result>(work: () => Promise<Result>, late?: (result: Result) => Promise<void>): Promise<Result> {
    const { promise, reject } = Promise.withResolvers<never>()
    let isGivenUp = false
    const awaited: Awaited = {
      since: performance.now(),
      giveUp(error) {
        isGivenUp = true
        reject(error)
      },
    }
    this.#awaited.add(awaited)
    const working = work()
    working.then((result) => (isGivenUp ? late?.(result) : undefined)).catch(() => undefined)
    try {
      return await Promise.race([working, promise])
    } finally {
      this.#awaited.delete(awaited)
    }
  }

  /** An open file whose calls are this tree's. One that is written to is never stopped half-way. */
  file(handle: FileHandle, use: 'read' | 'write', signal?: AbortSignal): FileHandle {
    return new Proxy(handle, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key, target)
        if (typeof value !== 'function') return value
        const isEnd = key === 'close' || key === Symbol.asyncDispose
        return (...given: unknown[]) => {
          const call = async (): Promise<unknown> => value.apply(target, given)
          return isEnd || use === 'write' ? this.finish(call) : this.run(call, signal)
        }
      },
    })
  }

  /** Starts what is first in line, where there is a thread. */
  startNext(): void {
    while (this.#line.length > 0 && this.#mayStart()) this.#line.shift()?.start()
    if (this.#line.length > 0 && this.#underWay < mostOfOne) starved.add(this)
    else starved.delete(this)
  }

  #mayStart(): boolean {
    if (this.#underWay >= mostOfOne) return false
    return underWay < mostOfAll || (this.#underWay === 0 && underWay < mostWithReserve)
  }

  #start<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#underWay === 0) this.#lastReturn = performance.now()
    this.#underWay += 1
    underWay += 1
    this.#watchFor(patienceMilliseconds)
    const call = new Promise<Result>((resolve) => resolve(work()))
    call.then(this.#returned, this.#returned)
    return call
  }

  readonly #returned = (): void => {
    this.#underWay -= 1
    underWay -= 1
    this.#lastReturn = performance.now()
    if (this.#line.length > 0) this.startNext()
    if (starved.size > 0) for (const calls of starved) calls.startNext()
  }

  #wait<Result>(work: () => Promise<Result>, mayGiveUp: boolean, signal?: AbortSignal): Promise<Result> {
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error)
    const { promise, resolve, reject } = Promise.withResolvers<Result>()
    const onAbort = (): void => {
      this.#leave(waiting)
      reject(signal?.reason)
    }
    const waiting: Waiting = {
      since: performance.now(),
      start: () => {
        signal?.removeEventListener('abort', onAbort)
        resolve(this.#start(work))
      },
      giveUp: mayGiveUp
        ? (error) => {
            signal?.removeEventListener('abort', onAbort)
            this.#leave(waiting)
            reject(error)
          }
        : undefined,
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#line.push(waiting)
    if (this.#underWay < mostOfOne) starved.add(this)
    this.#watchFor(patienceMilliseconds)
    return promise
  }

  #leave(waiting: Waiting): void {
    const index = this.#line.indexOf(waiting)
    if (index >= 0) this.#line.splice(index, 1)
    if (this.#line.length === 0) starved.delete(this)
  }

  #isStuck(): boolean {
    return this.#underWay > 0 && performance.now() - this.#lastReturn > patienceMilliseconds
  }

  #watchFor(milliseconds: number): void {
    if (this.#isWatched) return
    this.#isWatched = true
    setTimeout(() => this.#look(), milliseconds).unref()
  }

  #look(): void {
    this.#isWatched = false
    if (this.#underWay === 0 && this.#line.length === 0) return
    const latest = performance.now() - patienceMilliseconds
    if (this.#lastReturn <= latest) {
      for (const one of [...this.#line, ...this.#awaited]) if (one.since <= latest) one.giveUp?.(this.#stuckError())
    }
    // Often enough that nobody waits much longer than that.
    this.#watchFor(patienceMilliseconds / 10)
  }

  #stuckError(): CygnetError {
    const seconds = patienceMilliseconds / 1000
    return new CygnetError('unavailable', `The disk with ${this.#title} has not answered for ${seconds} seconds.`, {
      mend: 'Try again later; if it lasts, the administrator has to look at that disk.',
      retryAfter: 30,
    })
  }
}
