import { isSystemError } from '@cygnet/core/errors'
import type { Directory } from './directory.ts'
import { createOwnedFolder, type Owner } from './ownership.ts'
import { locateMissing, notFound, taken, type Root } from './walk.ts'

/** A place where something is to be made. */
export interface Place {
  readonly folder: Directory
  readonly name: string
  readonly path: readonly string[]
}

export interface Making {
  /** Called with each place before something is made there. */
  check: (place: Place) => void
  /** Called with the topmost folder once it was made, without links; also where one below it fails. */
  made: (path: readonly string[]) => void
}

/**
 * Creates a folder and those above it that are missing, each in the one that is held.
 *
 * @throws CygnetError `conflict` where the last one exists already or a file is in the way
 */
export async function createFolders(
  root: Root,
  path: readonly string[],
  owner: Owner | null,
  { check, made }: Making,
): Promise<void> {
  const { folder: first, name, path: start, below } = await locateMissing(root, path)
  let folder = first
  try {
    const there = await folder.look(name)
    if (there !== undefined) throw path.length > 0 || there.isDirectory() ? taken(path) : notFound(path)
    const names = [name, ...below]
    let isFirst = true
    for (const [index, one] of names.entries()) {
      root.signal?.throwIfAborted()
      const real = [...start, ...below.slice(0, index)]
      check({ folder, name: one, path: real })
      const shown = path.slice(0, path.length - below.length + index)
      const next = await createOrEnter(folder, one, owner, shown, index === names.length - 1)
      if (next.isNew && isFirst) made(real)
      isFirst &&= !next.isNew
      await folder.close()
      folder = next.folder
    }
  } finally {
    await folder.close()
  }
}

async function createOrEnter(
  parent: Directory,
  name: string,
  owner: Owner | null,
  shown: readonly string[],
  isLast: boolean,
): Promise<{ folder: Directory; isNew: boolean }> {
  let folder: Directory | undefined
  try {
    folder = await createOwnedFolder(parent, name, owner)
    await folder.sync()
    await parent.sync()
    return { folder, isNew: true }
  } catch (error) {
    await folder?.close()
    if (!isSystemError(error, 'EEXIST')) throw error
    // Someone else made it a moment ago.
    if (isLast || !(await parent.look(name))?.isDirectory()) throw taken(shown, error)
    return { folder: await parent.openFolder(name), isNew: false }
  }
}
