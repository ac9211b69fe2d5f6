import type { Stats } from 'node:fs'
import { rename } from 'node:fs/promises'
import { CygnetError, isSystemError } from '@cygnet/core/errors'
import { withLock } from './lock.ts'
import { isWithin, joinPath, shorten } from './names.ts'
import { notFound, type Location } from './walk.ts'
import { renameToNew } from './write.ts'

/**
 * Renames or moves, never over something that exists; a symbolic link itself is moved, not what it leads to.
 *
 * Node has no `renameat2` with RENAME_NOREPLACE. A file gets its new name as a second one, which fails where the name is
 * taken. A folder is renamed after a look: what comes in between makes the kernel refuse, an empty folder excepted.
 *
 * @returns what was moved
 * @throws CygnetError `not-found`, `conflict` where the target exists, `bad-request` for a folder into itself
 */
export async function moveEntry(from: Location, to: Location): Promise<Stats> {
  const stats = await from.folder.look(from.name)
  if (stats === undefined) throw notFound(from.path)
  const source = joinPath(from.path)
  const target = joinPath(to.path)
  if (stats.isDirectory() && source !== target && isWithin(from.path, to.path)) {
    throw new CygnetError('bad-request', `The folder “${shorten(source)}” cannot be moved into itself.`)
  }
  const { dev, ino } = await to.folder.stat()
  await withLock(`${dev}:${ino}:${to.name}`, async () => {
    if ((await to.folder.look(to.name)) !== undefined) throw taken(target)
    try {
      if (stats.isDirectory()) await from.folder.run(() => rename(from.folder.at(from.name), to.folder.at(to.name)))
      else await renameToNew(from.folder, from.name, to.folder, to.name)
    } catch (error) {
      throw explain(error, from, target)
    }
  })
  await to.folder.sync()
  await from.folder.sync()
  return stats
}

function explain(error: unknown, from: Location, target: string): unknown {
  if (isSystemError(error, 'EEXIST', 'ENOTEMPTY', 'ENOTDIR', 'EISDIR')) return taken(target, error)
  if (isSystemError(error, 'ENOENT')) return notFound(from.path, error)
  if (isSystemError(error, 'EINVAL')) {
    return new CygnetError('bad-request', 'A folder cannot be moved into itself.', { cause: error })
  }
  if (isSystemError(error, 'EXDEV')) {
    return new CygnetError('bad-request', `“${shorten(target)}” is on another disk.`, {
      cause: error,
      mend: 'Copy it there and delete the old one.',
    })
  }
  return error
}

function taken(path: string, cause?: unknown): CygnetError {
  return new CygnetError('conflict', `There is already something at “${shorten(path)}”.`, {
    cause,
    mend: 'Choose another name.',
  })
}
