import { createInterface } from 'node:readline'
import type { Logger } from '@cygnet/core/log'
import { startHelper, toBase64, type Helper } from './thing-helper.ts'

/** Before the next helper after one that died: twice as long each time, as long as none of them says a word. */
const restartMilliseconds = 5_000
const longestMilliseconds = 600_000

interface WatchedThing {
  root: string
  path: string
  identity: string
}

export interface ThingWatcherOptions {
  /** Something happened to the name of a watched thing. */
  changed(key: string): void
  log: Logger
}

type Message = { changed: string } | { answer: number; identity: string | null } | { unwatched: string; why: string }

export function createThingWatcher(options: ThingWatcherOptions): ThingWatcher {
  return new ThingWatcher(options)
}

/**
 * Watches the names of shared things, to tell a save (a new file renamed over the old one) from a deletion after which
 * something else is made: both leave another file under the same name. A helper that dies is started anew; what happened
 * meanwhile cannot be told.
 */
export class ThingWatcher {
  readonly #options: ThingWatcherOptions
  readonly #things = new Map<string, WatchedThing>()
  readonly #questions = new Map<number, (identity: string | undefined) => void>()
  #helper: Helper | undefined
  #restart: NodeJS.Timeout | undefined
  #wait = restartMilliseconds
  #asked = 0
  #started = false
  #closed = false

  constructor(options: ThingWatcherOptions) {
    this.#options = options
  }

  /** Until then nothing is watched. */
  start(): void {
    this.#started = true
  }

  /**
   * Watches a thing. One that is watched there already has not been lost sight of.
   * @returns false where another thing is there, or it cannot be watched
   */
  async set(key: string, thing: WatchedThing): Promise<boolean> {
    if (this.#closed || !this.#started) return true
    this.#things.set(key, thing)
    if (this.#helper === undefined) this.#run()
    return (await this.#ask({ do: 'add', key, ...thing, path: toBase64(thing.path) })) !== undefined
  }

  delete(key: string): void {
    if (this.#things.delete(key)) this.#send({ do: 'remove', key })
  }

  /** What stands now where `identity` stood, put in its place by one save after the other; undefined where that is not so. */
  async ask(key: string, identity: string): Promise<string | undefined> {
    if (!this.#things.has(key)) return undefined
    return this.#ask({ do: 'ask', key, identity })
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#restart)
    this.#helper?.stdin.end()
    this.#helper = undefined
    this.#forgetQuestions()
  }

  #run(): void {
    if (this.#closed || this.#restart !== undefined) return
    const helper = startHelper('watch')
    this.#helper = helper
    let complaint = ''
    helper.stderr.setEncoding('utf8').on('data', (text: string) => (complaint = (complaint + text).slice(-2000)))
    helper.stdin.on('error', () => undefined)
    createInterface({ input: helper.stdout }).on('line', (line) => this.#take(JSON.parse(line) as Message))
    let ended = false
    const end = (why: string): void => {
      if (ended || this.#closed) return
      ended = true
      this.#helper = undefined
      this.#forgetQuestions()
      this.#options.log.warn(
        { why },
        'Shared files are not watched for the moment: saves by other programs may end shares.',
      )
      this.#restart = setTimeout(() => {
        this.#restart = undefined
        this.#run()
        for (const key of this.#things.keys()) this.#options.changed(key)
      }, this.#wait).unref()
      this.#wait = Math.min(this.#wait * 2, longestMilliseconds)
    }
    helper.on('error', (error) => end(error.message))
    helper.on('close', () => end(complaint.trim().split('\n').at(-1) ?? ''))
  }

  #ask(question: object): Promise<string | undefined> {
    if (this.#helper === undefined) return Promise.resolve(undefined)
    const { promise, resolve } = Promise.withResolvers<string | undefined>()
    this.#asked += 1
    this.#questions.set(this.#asked, resolve)
    this.#send({ ...question, number: this.#asked })
    return promise
  }

  #send(message: object): void {
    this.#helper?.stdin.write(`${JSON.stringify(message)}\n`)
  }

  #take(message: Message): void {
    if (this.#closed) return
    this.#wait = restartMilliseconds
    if ('changed' in message) this.#options.changed(message.changed)
    else if ('answer' in message) {
      this.#questions.get(message.answer)?.(message.identity ?? undefined)
      this.#questions.delete(message.answer)
    } else {
      this.#options.log.warn({ share: message.unwatched, why: message.why }, 'A shared file cannot be watched.')
    }
  }

  #forgetQuestions(): void {
    for (const answer of this.#questions.values()) answer(undefined)
    this.#questions.clear()
  }
}
