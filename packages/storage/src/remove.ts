import { rename, rmdir, unlink } from 'node:fs/promises'
import { isSystemError } from '@cygnet/core/errors'
import type { Directory } from './directory.ts'
import { createTemporaryName } from './temporary.ts'
import { notFound, type Location } from './walk.ts'

/** Folders held open at once; what lies deeper is first moved up. */
const deepest = 32
/** A folder is emptied in rounds: what is moved up, or comes meanwhile, goes in the next; and its names need not all fit into memory. */
const namesPerRound = 10_000
const rounds = 10_000
/** How often something may be put into a folder while it is being deleted. */
const attempts = 10

/**
 * Deletes a file, a symbolic link (not what it leads to), or a folder with everything in it. Each folder is emptied
 * through its own handle, so one that is replaced by a link meanwhile leads nowhere else.
 *
 * @param signal - ends it with a part of it deleted
 * @throws CygnetError `not-found`
 */
export async function removeEntry(location: Location, signal?: AbortSignal): Promise<void> {
  const { folder, name } = location
  if (!(await removeOne(folder, name, undefined, 0, signal))) throw notFound(location.path)
  await folder.sync()
}

/**
 * @param top - the topmost folder of the deletion, to move deep folders to
 * @returns false where there was nothing
 */
async function removeOne(
  parent: Directory,
  name: string,
  top: Directory | undefined,
  depth: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted()
    try {
      await parent.run(() => unlink(parent.at(name)))
      return true
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return false
      // Linux says EISDIR for a folder, POSIX EPERM.
      if (!isSystemError(error, 'EISDIR', 'EPERM')) throw error
      if (isSystemError(error, 'EPERM') && !(await parent.look(name))?.isDirectory()) throw error
    }
    try {
      await emptyFolder(parent, name, top, depth, signal)
      await parent.run(() => rmdir(parent.at(name)))
      return true
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return true
      if (!isSystemError(error, 'ENOTEMPTY', 'ENOTDIR', 'EEXIST') || attempt === attempts) throw error
    }
  }
}

async function emptyFolder(
  parent: Directory,
  name: string,
  top: Directory | undefined,
  depth: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  await using folder = await parent.openFolder(name)
  for (let round = 0; round < rounds; round++) {
    const names = await folder.someNames(namesPerRound)
    if (names.length === 0) return
    for (const child of names) {
      signal?.throwIfAborted()
      if (top !== undefined && depth >= deepest && (await folder.look(child))?.isDirectory()) {
        await folder.run(() => rename(folder.at(child), top.at(createTemporaryName())))
      } else {
        await removeOne(folder, child, top ?? folder, depth + 1, signal)
      }
    }
  }
}
