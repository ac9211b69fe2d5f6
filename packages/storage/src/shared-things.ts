import { randomBytes } from 'node:crypto'
import { CygnetError } from '@cygnet/core/errors'
import { lookAt } from './identity.ts'
import type { Home, Homes } from './homes.ts'
import { parsePath } from './names.ts'
import type { EndReason, Share, SharedKind, SharedThing } from './share.ts'
import type { ShareStore } from './share-store.ts'
import { findSharedKind, receivedFolder, type KindOptions } from './shared-space.ts'
import { findThing, markThing, type Found } from './thing-helper.ts'
import type { ThingWatcher } from './thing-watcher.ts'
import type { Succeed } from './write.ts'

/** How long the owner sees that a share has ended, and its link says so. */
const rememberedMilliseconds = 90 * 24 * 3600 * 1000
/** A thing that changes faster than it can be looked at is not waited for longer. */
const attempts = 10

export interface SharedThingsOptions {
  store: ShareStore
  homes: Homes
  watcher: ThingWatcher
  /** A share has ended by itself. */
  ended(share: Share): void
  /** What is shared has another path. */
  followed(share: Share): void
}

/** A share as it is now, and what it leads to. */
export interface Settled<S extends Share = Share> {
  share: S
  kind: SharedKind
}

/** Keeps shares with what they are of: they follow a thing that is renamed or saved, and end with one that is gone. */
export class SharedThings {
  readonly #options: SharedThingsOptions
  /** What is being put in another's place by the service itself, and in whose. */
  readonly #successors = new Map<string, string>()
  readonly #searches = new Map<string, Promise<Settled>>()

  constructor(options: SharedThingsOptions) {
    this.#options = options
  }

  /** What is at a path, given a mark by which it is known again. @throws CygnetError `not-found` */
  async describe(owner: string, path: string): Promise<SharedThing> {
    const home = await this.#options.homes.open(owner)
    const thing = await this.#mark(home, path, await this.#markOf(owner, home, path))
    if (thing !== undefined) return thing
    throw new CygnetError('not-found', 'What was to be shared is gone.')
  }

  /** Where a share's thing is now. Finds out at most once at a time what became of one that is not where it was. */
  async settle<S extends Share>(share: S, options: KindOptions = {}): Promise<Settled<S>> {
    if (share.ended !== null) return { share, kind: 'missing' }
    const kind = await findSharedKind(this.#options.homes, share, options)
    try {
      if (kind !== 'missing' && share.thing !== null && (await this.#isReally(share, share.thing)))
        return { share, kind }
      const known = this.#searches.get(share.id)
      // What was found out there may have been true before, but not now.
      if (known !== undefined) return await this.settle((await known).share as S, options)
      const search = this.#search(share).finally(() => this.#searches.delete(share.id))
      this.#searches.set(share.id, search)
      return (await search) as Settled<S>
    } catch (error) {
      // A disk that is away, or a helper that cannot run, is no reason to end anything.
      if (error instanceof CygnetError) return { share, kind: 'missing' }
      throw error
    }
  }

  /** As {@link Succeed} has it: the shares of the one are of the other then. */
  async succeed(owner: string, ...[before, after, work]: Parameters<Succeed>): Promise<boolean> {
    this.#successors.set(after, before)
    try {
      if (!(await work())) return false
      const shares = await this.#options.store.succeed(owner, before, after)
      for (const share of shares) await this.#complete(share)
      return true
    } finally {
      this.#successors.delete(after)
    }
  }

  /** Watches what a share is of, to tell its saves from its end. False where that is not there any more. */
  async watch(share: Share): Promise<boolean> {
    const { watcher, homes } = this.#options
    if (share.ended !== null || share.thing === null) {
      watcher.delete(share.id)
      return true
    }
    const { folder } = await homes.open(share.owner)
    return watcher.set(share.id, { root: folder, path: share.path, identity: share.thing.identity })
  }

  async #search(share: Share, attempt = 1): Promise<Settled> {
    const { store, homes, watcher } = this.#options
    const fresh = await store.find(share.id)
    if (fresh === undefined || fresh.ended !== null) return { share: fresh ?? share, kind: 'missing' }
    const home = await homes.open(fresh.owner)
    const parts = parsePath(fresh.path)
    const here = await lookAt(home.folder, parts)
    const again = (): Promise<Settled> => {
      if (attempt < attempts) return this.#search(share, attempt + 1)
      throw new CygnetError('unavailable', 'What is shared changes faster than it can be looked at.')
    }
    const { thing } = fresh
    if (thing === null) {
      if (here === undefined || here.kind === 'other') return this.#end(fresh, 'deleted')
      const marked = await this.describe(fresh.owner, fresh.path)
      await store.setThing(fresh.id, null, marked)
      return again()
    }
    if (here?.identity === thing.identity && (await this.#isReally(fresh, thing)))
      return { share: fresh, kind: here.kind === 'other' ? 'missing' : here.kind }
    const succeed = async (identity: string): Promise<Settled> => {
      const done = await store.setThing(fresh.id, thing.identity, { identity, handle: null })
      if (done) await this.#complete(await this.#find(fresh.id))
      return again()
    }
    if (here !== undefined && this.#successors.get(here.identity) === thing.identity) return succeed(here.identity)
    if (here?.kind === 'file' && (await watcher.ask(fresh.id, thing.identity)) === here.identity)
      return succeed(here.identity)
    const isSameHome = thing.home === null || (await lookAt(home.folder, []))?.identity === thing.home
    const found = await findThing(home.folder, fresh.path, thing, isSameHome)
    // It was looked at a moment ago: if there is something else now, what it means has to be found out anew.
    if (found.here?.identity !== here?.identity) return again()
    const marked = isMarked(found, thing) ? found.here.identity : undefined
    if (!isSameHome) {
      // The whole home was put back from elsewhere, or its disk is not there: nothing in it is what it was.
      return marked === undefined ? { share: fresh, kind: 'missing' } : succeed(marked)
    }
    switch (found.at) {
      case 'inside': {
        const isSave = here?.kind === 'file' && isBackup(fresh.path, found.path)
        if (isSave) return succeed(here.identity)
        if (isTrash(found.path)) return this.#end(fresh, 'deleted')
        if (isWithin(receivedFolder, found.path)) return this.#end(fresh, 'moved-away')
        if (await store.setThing(fresh.id, thing.identity, { path: found.path })) this.#options.followed(fresh)
        return again()
      }
      case 'nowhere':
        return marked === undefined ? this.#end(fresh, 'deleted') : succeed(marked)
      case 'outside':
        return this.#end(fresh, 'moved-away')
      case 'unknown':
        return marked === undefined ? this.#end(fresh, 'not-found') : succeed(marked)
    }
  }

  /** Where a disk keeps no time of birth, an inode of the same number may be another one: the kernel's name of it tells. */
  async #isReally(share: Share, thing: SharedThing): Promise<boolean> {
    if (!thing.identity.endsWith(':0')) return true
    const { folder } = await this.#options.homes.open(share.owner)
    const { here } = await findThing(folder, share.path, thing, false)
    if (here?.identity !== thing.identity) return false
    return thing.handle === null ? here.mark === thing.mark : here.handle === thing.handle
  }

  async #find(id: string): Promise<Share> {
    const share = await this.#options.store.find(id)
    if (share === undefined) throw new CygnetError('not-found', 'There is no such share.')
    return share
  }

  async #end(share: Share, why: EndReason): Promise<Settled> {
    const { store, watcher } = this.#options
    const done = await store.end(share.id, share.thing?.identity ?? null, why)
    if (done) {
      watcher.delete(share.id)
      await store.forget(share.owner, new Date(Date.now() - rememberedMilliseconds))
      this.#options.ended(share)
    }
    return { share: (await store.find(share.id)) ?? { ...share, ended: { at: new Date(), why } }, kind: 'missing' }
  }

  /** Gives a new thing the mark of the one in whose place it stands. */
  async #complete(share: Share): Promise<void> {
    const { thing } = share
    if (thing === null) return
    const home = await this.#options.homes.open(share.owner)
    const marked = await this.#mark(home, share.path, thing.mark ?? createMark())
    if (marked?.identity === thing.identity) await this.#options.store.setThing(share.id, thing.identity, marked)
    await this.watch(await this.#find(share.id))
  }

  async #mark(home: Home, path: string, mark: string): Promise<SharedThing | undefined> {
    const own = await lookAt(home.folder, [])
    const thing = await markThing(home.folder, path, mark)
    return thing === undefined ? undefined : { ...thing, home: own?.identity ?? null }
  }

  /** All shares of one thing have one mark. What it carries already may be a copy's, or anybody's. */
  async #markOf(owner: string, home: Home, path: string): Promise<string> {
    const here = await lookAt(home.folder, parsePath(path))
    const shares = await this.#options.store.listOf(owner)
    const same = shares.find(
      ({ thing, ended }) => ended === null && thing !== null && thing.identity === here?.identity,
    )
    return same?.thing?.mark ?? createMark()
  }
}

function createMark(): string {
  return randomBytes(16).toString('base64url')
}

function isMarked(found: Found, { mark }: SharedThing): found is Found & { here: NonNullable<Found['here']> } {
  return mark !== null && found.here?.mark === mark
}

/** Editors rename the old content away, and write the new one under its name. */
function isBackup(path: string, found: string): boolean {
  if (['~', '.bak', '.orig'].some((ending) => found === path + ending)) return true
  return found.startsWith(`${path}.~`) && /^\d+~$/.test(found.slice(path.length + 2))
}

/** Desktops and their libraries keep there what they call deleted. */
function isTrash(path: string): boolean {
  return isWithin('.local/share/Trash', path) || /(^|\/)\.Trash(-\d+)?\//.test(path)
}

function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(`${folder}/`)
}
