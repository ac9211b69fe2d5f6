import { watch, type FSWatcher } from 'node:fs'
import { CygnetError } from '@cygnet/core/errors'
import { toFileName } from '@cygnet/core/file-name'
import type { Logger } from '@cygnet/core/log'
import { withLock } from './lock.ts'
import { locate, type Location } from './walk.ts'

interface Place {
  root: string
  path: string
}

export interface MountWatcherOptions {
  /** Where what a user receives is, or was. */
  placesOf(userName: string): Promise<Place[]>
  changed(userName: string): void
  log: Logger
}

/** Gathers the several events of one save, and holds back an owner who replaces a file without pause. */
const settleMilliseconds = 200
/** Events of a folder within that time that mean: someone keeps it busy, so look now and then instead. */
const busyEvents = 1000
const busyMilliseconds = 2000

export interface MountWatcher {
  watch(userName: string): Promise<void>
  unwatch(userName: string): void
  /** What the user receives may be different now. */
  refresh(userName: string): void
  close(): void
}

/**
 * Notices when what is shared with the users of running sessions is replaced on the disk by something else of the same
 * name: programs save by writing beside and renaming, and what was mounted is then a file without a name.
 */
export function createMountWatcher(options: MountWatcherOptions): MountWatcher {
  const users = new Map<string, Watches>()
  const arm = (userName: string, watches: Watches): Promise<void> =>
    withLock(`mounts of ${userName}`, async () => {
      try {
        await watches.set(await options.placesOf(userName))
      } catch (error) {
        options.log.warn({ err: error, user: userName }, 'cannot watch what is shared with a user')
      }
    })
  return {
    async watch(userName) {
      if (users.has(userName)) return
      const watches = new Watches(() => options.changed(userName), options.log)
      users.set(userName, watches)
      await arm(userName, watches)
    },
    unwatch(userName) {
      users.get(userName)?.close()
      users.delete(userName)
    },
    refresh(userName) {
      const watches = users.get(userName)
      if (watches !== undefined) void arm(userName, watches)
    },
    close() {
      for (const watches of users.values()) watches.close()
      users.clear()
    },
  }
}

/** The watches of one user's mounts. */
class Watches {
  readonly #changed: () => void
  readonly #log: Logger
  readonly #watches = new Map<string, Watch>()
  #closed = false

  constructor(changed: () => void, log: Logger) {
    this.#changed = changed
    this.#log = log
  }

  /** Makes these be what is watched. One that stays is never unwatched in between, so nothing is missed. */
  async set(places: Place[]): Promise<void> {
    const wanted = new Map(places.map((place) => [`${place.root}/${place.path}`, place]))
    for (const [key, one] of this.#watches) {
      if (wanted.has(key)) continue
      one.stop()
      this.#watches.delete(key)
    }
    for (const [key, place] of wanted) {
      if (this.#closed) return
      const known = this.#watches.get(key)
      const one = known ?? new Watch(place, this.#changed, this.#log)
      this.#watches.set(key, one)
      await one.start()
    }
  }

  close(): void {
    this.#closed = true
    for (const one of this.#watches.values()) one.stop()
  }
}

/** Watches the folder that holds one shared thing. */
class Watch {
  readonly #root
  readonly #path: string[]
  readonly #changed: () => void
  readonly #log: Logger
  #watcher: FSWatcher | undefined
  #timer: NodeJS.Timeout | undefined
  #identity: string | undefined
  #events = 0
  #stopped = false

  constructor(place: Place, changed: () => void, log: Logger) {
    this.#root = { folder: place.root, base: [], seenAs: '/' }
    this.#path = place.path.split('/')
    this.#changed = changed
    this.#log = log
  }

  /** Again it watches the folder that is there now. */
  async start(): Promise<void> {
    try {
      this.#compare(await this.#look(true))
    } catch (error) {
      this.#log.warn({ err: error }, 'cannot watch a shared file; its replacing is noticed at the next start')
    }
  }

  stop(): void {
    this.#stopped = true
    this.#watcher?.close()
    clearTimeout(this.#timer)
  }

  #compare(now: string): void {
    const before = this.#identity
    this.#identity = now
    if (before !== undefined && before !== now && !this.#stopped) this.#changed()
  }

  /** What is there now; also begins to watch its folder, through the held folder itself. */
  async #look(andWatch: boolean): Promise<string> {
    await using location = await this.#locate()
    if (location === undefined) return ''
    if (andWatch && !this.#stopped) this.#watchFolder(location)
    const stats = await location.folder.look(location.name)
    return stats === undefined ? '' : `${stats.dev}:${stats.ino}`
  }

  /** Undefined where even the folder above is gone. */
  async #locate(): Promise<Location | undefined> {
    try {
      return await locate(this.#root, this.#path, 'keep')
    } catch (error) {
      if (error instanceof CygnetError) return undefined
      throw error
    }
  }

  #watchFolder({ folder, name }: Location): void {
    const before = this.#watcher
    this.#watcher = watch(folder.at('.'), { persistent: false, encoding: 'buffer' }, (event, changed) => {
      this.#events += 1
      if (event === 'rename' && (changed === null || toFileName(changed) === name)) this.#checkIn(settleMilliseconds)
      else if (this.#events > busyEvents) this.#checkIn(busyMilliseconds)
    })
    this.#watcher.on('error', (error) => this.#log.warn({ err: error }, 'the watch over a shared file ended'))
    before?.close()
  }

  #checkIn(milliseconds: number): void {
    if (this.#stopped || this.#timer !== undefined) return
    if (this.#events > busyEvents) {
      this.#watcher?.close()
      this.#watcher = undefined
    }
    this.#timer = setTimeout(() => void this.#check(), milliseconds).unref()
  }

  async #check(): Promise<void> {
    this.#timer = undefined
    this.#events = 0
    try {
      this.#compare(await this.#look(this.#watcher === undefined))
    } catch (error) {
      this.#log.warn({ err: error }, 'cannot look at a shared file')
    }
  }
}
