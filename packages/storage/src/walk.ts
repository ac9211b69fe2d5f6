import { CygnetError, isSystemError } from '@cygnet/core/errors'
import { Directory } from './directory.ts'
import { joinPath, shorten } from './names.ts'

/** Where a tree is on the host and how its owner's sessions name it. */
export interface Root {
  /** A folder whose path only the service can change, such as a home. */
  readonly folder: string
  /** The tree's own root below it: a folder, or one file. Symbolic links on this way are never followed. */
  readonly base: readonly string[]
  /** The absolute path by which the owner's sessions know `folder`: absolute symbolic links mean this. */
  readonly seenAs: string
}

/** A held folder and a name in it. `name` is `.` where the tree's root folder itself is meant. */
export interface Location extends AsyncDisposable {
  readonly folder: Directory
  readonly name: string
  /** From the tree's root, no symbolic link in it. */
  readonly path: readonly string[]
}

/** As the kernel's own limit. */
const mostLinks = 40
/** Folders opened for one path; a chain of links that needs more is an attack. */
const mostSteps = 10_000

/**
 * Finds what `path` names, going from folder to held folder. Symbolic links that stay in the tree are followed, those
 * that leave it are refused without a look at what lies there. The last component is followed unless `last` is `keep`;
 * it need not exist.
 *
 * @throws CygnetError `not-found` where a folder on the way is missing, `forbidden` for a link that leads out
 */
export async function locate(root: Root, path: readonly string[], last: 'follow' | 'keep'): Promise<Location> {
  const walk = new Walk(root, path)
  try {
    return await walk.run(last)
  } catch (error) {
    await walk.stop()
    if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) throw notFound(path, error)
    throw error
  }
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

class Walk {
  readonly #root: Root
  readonly #wanted: readonly string[]
  readonly #pending: string[]
  #folder: Directory | undefined
  #real: string[] = []
  #links = 0
  #steps = 0

  constructor(root: Root, path: readonly string[]) {
    this.#root = root
    this.#wanted = path
    this.#pending = [...path]
  }

  async run(last: 'follow' | 'keep'): Promise<Location> {
    const file = await this.#goToRoot()
    if (file !== undefined) {
      if (this.#pending.length > 0) throw notFound(this.#wanted)
      return this.#arriveAt(file, [])
    }
    for (let name = this.#pending.shift(); name !== undefined; name = this.#pending.shift()) {
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

  async stop(): Promise<void> {
    await this.#folder?.close()
    this.#folder = undefined
  }

  /** Goes to the tree's root folder; where the tree is one file, to the folder above it, returning the file's name. */
  async #goToRoot(): Promise<string | undefined> {
    await this.#hold(await Directory.open(this.#root.folder))
    this.#real = []
    const above = this.#root.base.slice(0, -1)
    const own = this.#root.base.at(-1)
    for (const name of above) await this.#hold(await this.#held().openFolder(name))
    if (own === undefined) return undefined
    const stats = await this.#held().look(own)
    if (stats?.isFile()) return own
    await this.#hold(await this.#held().openFolder(own))
    return undefined
  }

  async #enterOrFollow(name: string): Promise<void> {
    try {
      await this.#enter(name)
    } catch (error) {
      if (!isSystemError(error, 'ENOTDIR', 'ELOOP')) throw error
      const target = await this.#held().readLink(name)
      if (target === undefined) throw error
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
    let rest = target
    if (target.startsWith('/')) {
      const top = ['', ...this.#root.seenAs.split('/').filter((part) => part !== ''), ...this.#root.base].join('/')
      if (target !== top && !target.startsWith(`${top}/`)) throw this.#leadsOut()
      rest = target.slice(top.length)
      await this.#goToRoot()
    }
    this.#pending.unshift(...rest.split('/').filter((part) => part !== '' && part !== '.'))
  }

  /** One up, by walking down again: the kernel's own `..` of a folder that was moved meanwhile may lie outside. */
  async #goUp(): Promise<void> {
    const above = this.#real.slice(0, -1)
    if (this.#real.length === 0) throw this.#leadsOut()
    await this.#goToRoot()
    for (const name of above) await this.#enter(name)
  }

  async #hold(next: Directory): Promise<void> {
    const before = this.#folder
    this.#folder = next
    await before?.close()
    this.#steps += 1
    if (this.#steps > mostSteps) throw this.#tangled()
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
    const path = shorten(joinPath(this.#wanted))
    return new CygnetError('forbidden', `“${path}” goes through a symbolic link that leads out of this folder.`, {
      mend: 'Links are followed where they stay inside.',
    })
  }

  #tangled(): CygnetError {
    const path = shorten(joinPath(this.#wanted))
    return new CygnetError('forbidden', `“${path}” goes through too many symbolic links.`)
  }
}
