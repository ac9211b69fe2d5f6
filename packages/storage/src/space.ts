import { Readable } from 'node:stream'
import { CygnetError } from '@cygnet/core/errors'
import { walkForArchive } from './archive.ts'
import { createFolders, type Place } from './create-folder.ts'
import { diskCallsOf, type DiskCalls } from './disk-calls.ts'
import { toEntry, toLinkEntry, type SpaceEntry } from './entry.ts'
import { listFolder } from './list.ts'
import { moveEntry } from './move.ts'
import { checkDepth, isWithin, joinPath, parsePath, shorten } from './names.ts'
import type { Owner } from './ownership.ts'
import { openFile, type OpenFile } from './read.ts'
import { removeEntry } from './remove.ts'
import { locate, notFound, openFolderAt, type Budget, type Location, type Root } from './walk.ts'
import { writeFile, type Succeed, type WriteOptions } from './write.ts'
import { createZip } from './zip.ts'

export interface SpaceOptions {
  /** A folder of the host whose path only the service can change; what is below may belong to someone hostile. */
  folder: string
  /** What the tree shows: a folder or one file below `folder`. The whole of it unless said. */
  base?: string
  /** What is at `base` must be this very thing: see identity.ts. */
  identity?: string | undefined
  /** The absolute path by which the owner's sessions know `folder`, such as `/home/ann`. */
  seenAs: string
  /** Whom new files belong to; null where all belong to the service. */
  owner: Owner | null
  /** The name of the root. */
  title: string
  /** A folder at the top of `folder` that is neither shown nor changed. */
  reserved?: string
  /** Refuses every change. */
  readOnly?: boolean
  /** Ends whatever is under way here, such as when the one for whom it was opened has left. */
  signal?: AbortSignal | undefined
  /** For several spaces that are opened for one piece of work. */
  budget?: Budget | undefined
  /** Told of every change made here, after it, with paths from the tree's root without links in them. */
  listener?: SpaceListener
}

export interface SpaceListener {
  /** Something came, went or was replaced. */
  changed(path: string): Promise<void>
  moved(from: string, to: string): Promise<void>
  /** A file is put in the place of another: that is the same file with a new content. */
  succeed: Succeed
}

/**
 * A tree of files with an owner. Paths are relative to its root, `/` between components; empty is the root.
 * Nothing outside can be reached or found out about, whatever links lie in the tree and whoever changes it meanwhile.
 * All methods throw CygnetError with codes as at the functions they stand for, or the system's errors.
 */
export interface Space {
  stat(path: string): Promise<SpaceEntry>
  list(path: string, options?: { hidden?: boolean }): Promise<SpaceEntry[]>
  /** The caller reads or closes it. */
  open(path: string): Promise<OpenFile>
  /** Replaces what the path leads to: through a link in the tree, the file behind it. */
  write(path: string, source: AsyncIterable<Uint8Array>, options?: WriteOptions): Promise<SpaceEntry>
  createFolder(path: string): Promise<SpaceEntry>
  move(from: string, to: string): Promise<SpaceEntry>
  remove(path: string): Promise<void>
  /** A zip file of a folder. Destroying the stream frees everything. */
  archive(path: string, options?: { hidden?: boolean }): Promise<Readable>
  /** Where a path leads, without links; it must exist. */
  resolve(path: string): Promise<string>
}

export function openSpace(options: SpaceOptions): Space {
  return new PosixSpace(options)
}

class PosixSpace implements Space {
  readonly #options: SpaceOptions
  readonly #root: Root
  readonly #reserved: readonly string[] | undefined
  readonly #calls: DiskCalls

  constructor(options: SpaceOptions) {
    const base = parsePath(options.base ?? '')
    this.#options = options
    const { folder, seenAs, signal, budget, identity } = options
    this.#calls = diskCallsOf(folder)
    this.#root = { folder, base, seenAs, signal, budget, identity }
    this.#reserved = base.length === 0 && options.reserved !== undefined ? [options.reserved] : undefined
  }

  async stat(path: string): Promise<SpaceEntry> {
    return this.#calls.answer(() => this.#stat(path))
  }

  async #stat(path: string): Promise<SpaceEntry> {
    const parts = parsePath(path)
    await using location = await locate(this.#root, parts, 'follow')
    return await this.#describe(location, parts)
  }

  async list(path: string, { hidden = false } = {}): Promise<SpaceEntry[]> {
    return this.#calls.answer(() => this.#list(path, hidden))
  }

  async #list(path: string, hidden: boolean): Promise<SpaceEntry[]> {
    const parts = parsePath(path)
    const real = await this.#realPath(parts)
    await using folder = await openFolderAt(this.#root, real)
    const entries = await listFolder(this.#root, { folder, path: real }, path, hidden)
    return this.#reserved === undefined || real.length > 0
      ? entries
      : entries.filter((entry) => !this.#isReserved([entry.name]))
  }

  async open(path: string): Promise<OpenFile> {
    return this.#calls.answer(
      () => this.#open(path),
      (file) => file.close(),
    )
  }

  async #open(path: string): Promise<OpenFile> {
    const parts = parsePath(path)
    await using location = await locate(this.#root, parts, 'follow')
    return await openFile(location, parts, this.#nameOf(parts))
  }

  async write(path: string, source: AsyncIterable<Uint8Array>, options: WriteOptions = {}): Promise<SpaceEntry> {
    this.#checkWritable()
    const parts = parsePath(path)
    await using location = await locate(this.#root, parts, 'follow')
    this.#checkChange(location)
    checkDepth(location.path)
    const succeed: Succeed = (before, after, work) => this.#succeed(before, after, work)
    const entry = await writeFile(location, parts, source, this.#options.owner, options, succeed)
    await this.#options.listener?.changed(joinPath(location.path))
    return entry
  }

  async createFolder(path: string): Promise<SpaceEntry> {
    this.#checkWritable()
    const parts = parsePath(path)
    checkDepth(parts)
    let topmost: string | undefined
    try {
      await createFolders(this.#root, parts, this.#options.owner, {
        check: (place) => this.#checkChange(place),
        made: (real) => (topmost = joinPath(real)),
      })
    } finally {
      if (topmost !== undefined) await this.#options.listener?.changed(topmost)
    }
    return this.stat(path)
  }

  async move(from: string, to: string): Promise<SpaceEntry> {
    this.#checkWritable()
    const target = parsePath(to)
    await using source = await this.#locateNamed(parsePath(from))
    await using destination = await this.#locateNamed(target)
    checkDepth(destination.path)
    const stats = await moveEntry(source, destination)
    await this.#options.listener?.moved(joinPath(source.path), joinPath(destination.path))
    // A link that leads nowhere can be moved too, yet there is nothing to show of it.
    return (await this.#statIfThere(to)) ?? toLinkEntry(joinPath(target), stats)
  }

  async remove(path: string): Promise<void> {
    this.#checkWritable()
    await using location = await this.#locateNamed(parsePath(path))
    try {
      await removeEntry(location, this.#root.signal)
    } finally {
      await this.#options.listener?.changed(joinPath(location.path))
    }
  }

  async archive(path: string, { hidden = false } = {}): Promise<Readable> {
    const parts = parsePath(path)
    const real = await this.#calls.answer(() => this.#realPath(parts))
    if ((await this.stat(path)).kind !== 'folder') {
      throw new CygnetError('bad-request', `“${shorten(path)}” is a file, not a folder.`)
    }
    const skip = (inside: readonly string[]): boolean => this.#isReserved(inside)
    const entries = walkForArchive(this.#root, real, this.#nameOf(parts), { hidden, skip })
    return Readable.from(createZip(entries), { objectMode: false, highWaterMark: 256 * 1024 })
  }

  async resolve(path: string): Promise<string> {
    return this.#calls.answer(() => this.#resolve(path))
  }

  async #resolve(path: string): Promise<string> {
    const parts = parsePath(path)
    await using location = await locate(this.#root, parts, 'follow')
    await this.#describe(location, parts)
    return joinPath(location.path)
  }

  async #succeed(...[before, after, work]: Parameters<Succeed>): Promise<boolean> {
    const { listener } = this.#options
    const isReplaced = await (listener === undefined ? work() : listener.succeed(before, after, work))
    if (isReplaced && this.#root.identity === before) this.#root.identity = after
    return isReplaced
  }

  /** For what acts on a name itself: the root has none. */
  async #locateNamed(parts: readonly string[]): Promise<Location> {
    if (parts.length === 0) throw new CygnetError('bad-request', 'The top folder itself cannot be moved or deleted.')
    const location = await locate(this.#root, parts, 'keep')
    try {
      this.#checkChange(location)
      return location
    } catch (error) {
      await location[Symbol.asyncDispose]()
      throw error
    }
  }

  async #statIfThere(path: string): Promise<SpaceEntry | undefined> {
    try {
      return await this.stat(path)
    } catch (error) {
      if (error instanceof CygnetError) return undefined
      throw error
    }
  }

  async #realPath(parts: readonly string[]): Promise<readonly string[]> {
    await using location = await locate(this.#root, parts, 'follow')
    return location.path
  }

  async #describe(location: Location, shown: readonly string[]): Promise<SpaceEntry> {
    const stats = await location.folder.look(location.name)
    if (stats === undefined) throw notFound(shown)
    const entry = toEntry(joinPath(shown), this.#nameOf(shown), stats)
    if (entry !== undefined) return entry
    const path = shorten(joinPath(shown))
    throw new CygnetError('forbidden', `“${path}” is neither a file nor a folder.`)
  }

  #nameOf(parts: readonly string[]): string {
    return parts.at(-1) ?? this.#options.title
  }

  #isReserved(path: readonly string[]): boolean {
    return this.#reserved !== undefined && isWithin(this.#reserved, path)
  }

  #checkWritable(): void {
    if (this.#options.readOnly !== true) return
    throw new CygnetError('forbidden', 'This can only be read here.', {
      mend: 'Download it, or ask its owner for permission to write.',
    })
  }

  #checkChange({ path }: Pick<Place, 'path'>): void {
    if (!this.#isReserved(path)) return
    throw new CygnetError('forbidden', `“${this.#options.reserved}” holds what others share with you.`, {
      mend: 'Open what is shared with you to change it there.',
    })
  }
}
