import type { BigIntStats } from 'node:fs'
import { CygnetError, isSystemError } from '@cygnet/core/errors'
import { Directory } from './directory.ts'
import { toIdentity } from './identity.ts'
import { joinPath, shorten } from './names.ts'

/** Where a tree is on the host and how its owner's sessions name it. */
export interface Root {
  /** A folder whose path only the service can change, such as a home. */
  readonly folder: string
  /** The tree's own root below it: a folder, or one file. Symbolic links on this way are never followed. */
  readonly base: readonly string[]
  /** What is at `base` must be this very thing; undefined where whatever has the path is meant. See identity.ts. */
  identity?: string | undefined
  /** The absolute path by which the owner's sessions know `folder`: absolute symbolic links mean this. */
  readonly seenAs: string
  /** Ends every walk in it, such as when the one who asked has left. */
  readonly signal?: AbortSignal | undefined
  /** Shared by all walks of one piece of work; undefined for one that follows a single path. */
  readonly budget?: Budget | undefined
}

/** Folders that may still be opened and links that may still be followed. */
export interface Budget {
  steps: number
}

/** A held folder and a name in it. `name` is `.` where the tree's root folder itself is meant. */
export interface Location extends AsyncDisposable {
  readonly folder: Directory
  readonly name: string
  /** From the tree's root, no symbolic link in it. */
  readonly path: readonly string[]
  /** What `name` must still be when it is opened, where the tree is one file of a known identity. */
  readonly identity?: string | undefined
}

/** A folder that is held already, to start from instead of the tree's root. It stays its holder's. */
export interface Held {
  readonly folder: Directory
  /** Where it is from the tree's root, without links. */
  readonly path: readonly string[]
}

/** Where a path begins to be missing: the names after the location's are missing too. */
export interface MissingLocation extends Location {
  readonly below: readonly string[]
}

/** As the kernel's own limit. */
const mostLinks = 40
/** Folders opened for one path beyond those that it names: links that need more are an attack. */
const mostDetour = 500
/** Names that links on one path may leave to be gone through. */
const mostPending = 2048

/**
 * Finds what `path` names, going from folder to held folder. Symbolic links that stay in the tree are followed, those
 * that leave it are refused without a look at what lies there. The last component is followed unless `last` is `keep`;
 * it need not exist.
 *
 * @throws CygnetError `not-found` where a folder on the way is missing, `forbidden` for a link that leads out
 */
export async function locate(root: Root, path: readonly string[], last: 'follow' | 'keep'): Promise<Location> {
  const walk = new Walk(root, path)
  return await stopping(walk, () => walk.run(last))
}

/**
 * As {@link locate}, for a link that lies in a held folder: what it leads to nearby is found without walking down again.
 *
 * @throws CygnetError as {@link locate}, and `forbidden` where the tree's budget is used up
 */
export async function locateFrom(root: Root, held: Held, name: string): Promise<Location> {
  const walk = new Walk(root, [...held.path, name])
  return await stopping(walk, () => walk.runFrom(held, name))
}

/**
 * Finds the first name on a way that is not there yet; what the whole path names where nothing is missing.
 *
 * @throws CygnetError `conflict` for a file on the way, and as {@link locate}
 */
export async function locateMissing(root: Root, path: readonly string[]): Promise<MissingLocation> {
  const walk = new Walk(root, path)
  return await stopping(walk, () => walk.runToMissing())
}

/** Opens the folder that `path` names, following links in the tree. @throws CygnetError `not-found`, also for a file */
export async function openFolderAt(root: Root, path: readonly string[]): Promise<Directory> {
  await using location = await locate(root, path, 'follow')
  try {
    return await location.folder.openFolder(location.name)
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) throw notFound(path, error)
    throw error
  }
}

export function notFound(path: readonly string[], cause?: unknown): CygnetError {
  const message =
    path.length === 0 ? 'What was here is gone.' : `There is no file or folder “${shorten(joinPath(path))}”.`
  return new CygnetError('not-found', message, { cause })
}

export function taken(path: readonly string[], cause?: unknown): CygnetError {
  return new CygnetError('conflict', `There is already something at “${shorten(joinPath(path))}”.`, { cause })
}

async function stopping<Found>(walk: Walk, run: () => Promise<Found>): Promise<Found> {
  try {
    return await run()
  } catch (error) {
    await walk.stop()
    if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) throw notFound(walk.wanted, error)
    throw error
  }
}

class Walk {
  readonly wanted: readonly string[]
  readonly #root: Root
  readonly #pending: string[]
  /** How many of the names to come are the path's own and not a link's. */
  #ownNames: number
  /** Where the way ended at a folder that is missing, or is none. */
  #stuck: { name: string; error: unknown } | undefined
  #folder: Directory | undefined
  #real: string[] = []
  #links = 0
  #steps: number

  constructor(root: Root, path: readonly string[]) {
    this.#root = root
    this.wanted = path
    this.#pending = [...path]
    this.#ownNames = path.length
    this.#steps = root.base.length + path.length + mostDetour
  }

  async run(last: 'follow' | 'keep'): Promise<Location> {
    const file = await this.#goToRoot()
    if (file === undefined) return this.#go(last)
    if (this.#pending.length > 0) throw notFound(this.wanted)
    return { ...this.#arriveAt(file, []), identity: this.#root.identity }
  }

  async runFrom({ folder, path }: Held, name: string): Promise<Location> {
    await this.#hold(await folder.openFolder('.'))
    this.#real = [...path]
    this.#pending.splice(0, Infinity, name)
    this.#ownNames = 1
    return this.#go('follow')
  }

  async runToMissing(): Promise<MissingLocation> {
    try {
      return { ...(await this.run('follow')), below: [] }
    } catch (error) {
      const stuck = this.#stuck
      if (stuck === undefined || stuck.error !== error) throw error
      const { name } = stuck
      if (isSystemError(error, 'ENOTDIR')) throw taken(this.wanted.slice(0, this.wanted.length - this.#ownNames), error)
      // A link's own folders are not made.
      if (!isSystemError(error, 'ENOENT') || this.#pending.length > this.#ownNames) throw error
      return { ...this.#arriveAt(name, [...this.#real, name]), below: this.#pending }
    }
  }

  async stop(): Promise<void> {
    await this.#folder?.close()
    this.#folder = undefined
  }

  async #go(last: 'follow' | 'keep'): Promise<Location> {
    for (let name = this.#next(); name !== undefined; name = this.#next()) {
      const isLast = this.#pending.length === 0
      if (name === '..') await this.#goUp()
      else if (isLast && last === 'keep') return this.#arriveAt(name, [...this.#real, name])
      else if (isLast) {
        const target = await this.#held().readLink(name)
        if (target === undefined) return this.#arriveAt(name, [...this.#real, name])
        await this.#follow(target)
      } else await this.#enterOrFollow(name)
    }
    return this.#arriveAt('.', this.#real)
  }

  #next(): string | undefined {
    const name = this.#pending.shift()
    this.#ownNames = Math.min(this.#ownNames, this.#pending.length)
    return name
  }

  /** Goes to the tree's root folder; where the tree is one file, to the folder above it, returning the file's name. */
  async #goToRoot(): Promise<string | undefined> {
    await this.#hold(await Directory.open(this.#root.folder, this.#root.signal))
    this.#real = []
    const above = this.#root.base.slice(0, -1)
    const own = this.#root.base.at(-1)
    for (const name of above) await this.#hold(await this.#held().openFolder(name))
    if (own === undefined) return undefined
    const stats = await this.#held().lookExactly(own)
    if (stats?.isFile()) {
      this.#checkIdentity(stats)
      return own
    }
    await this.#hold(await this.#held().openFolder(own))
    this.#checkIdentity(await this.#held().statExactly())
    return undefined
  }

  #checkIdentity(stats: BigIntStats): void {
    const { identity } = this.#root
    if (identity !== undefined && toIdentity(stats) !== identity) throw notFound([])
  }

  async #enterOrFollow(name: string): Promise<void> {
    try {
      await this.#enter(name)
    } catch (error) {
      const isLink = isSystemError(error, 'ENOTDIR', 'ELOOP')
      const target = isLink ? await this.#held().readLink(name) : undefined
      if (target === undefined) {
        this.#stuck = { name, error }
        throw error
      }
      await this.#follow(target)
    }
  }

  async #enter(name: string): Promise<void> {
    await this.#hold(await this.#held().openFolder(name))
    this.#real.push(name)
  }

  async #follow(target: string): Promise<void> {
    this.#links += 1
    if (this.#links > mostLinks) throw this.#tangled()
    this.#step()
    let rest = target
    if (target.startsWith('/')) {
      const top = ['', ...this.#root.seenAs.split('/').filter((part) => part !== ''), ...this.#root.base].join('/')
      if (target !== top && !target.startsWith(`${top}/`)) throw this.#leadsOut()
      rest = target.slice(top.length)
      await this.#goToRoot()
    }
    this.#pending.unshift(...rest.split('/').filter((part) => part !== '' && part !== '.'))
    // Links to links whose names are never reached cost no steps, yet all of them are kept.
    if (this.#pending.length > this.wanted.length + mostPending) throw this.#tangled()
  }

  /** Up, by walking down again: the kernel's own `..` of a folder that was moved meanwhile may lie outside. */
  async #goUp(): Promise<void> {
    let count = 1
    for (; this.#pending[0] === '..'; count++) this.#next()
    if (count > this.#real.length) throw this.#leadsOut()
    const above = this.#real.slice(0, -count)
    await this.#goToRoot()
    for (const name of above) await this.#enter(name)
  }

  async #hold(next: Directory): Promise<void> {
    const before = this.#folder
    this.#folder = next
    await before?.close()
    this.#step()
  }

  #step(): void {
    const { signal, budget } = this.#root
    signal?.throwIfAborted()
    this.#steps -= 1
    if (budget !== undefined) budget.steps -= 1
    if (this.#steps < 0 || (budget !== undefined && budget.steps < 0)) throw this.#tangled()
  }

  #held(): Directory {
    if (this.#folder === undefined) throw new Error('The walk has ended.')
    return this.#folder
  }

  #arriveAt(name: string, path: readonly string[]): Location {
    const folder = this.#held()
    this.#folder = undefined
    return { folder, name, path, [Symbol.asyncDispose]: () => folder.close() }
  }

  #leadsOut(): CygnetError {
    const path = shorten(joinPath(this.wanted))
    return new CygnetError('forbidden', `“${path}” goes through a symbolic link that leads out of this folder.`, {
      mend: 'Links are followed where they stay inside.',
    })
  }

  #tangled(): CygnetError {
    const path = shorten(joinPath(this.wanted))
    return new CygnetError('forbidden', `“${path}” goes through too many symbolic links.`)
  }
}
