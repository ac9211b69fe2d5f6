import type { BigIntStats } from 'node:fs'
import { isSystemError } from '@cygnet/core/errors'
import { Directory } from './directory.ts'

/** What is at a path, whatever its name: a later thing of the same name, and of the same inode number, is another. */
export interface Seen {
  identity: string
  kind: 'file' | 'folder' | 'other'
}

/**
 * Tells a file or folder from every other one of its disk: the number of its inode, which is given away again once it is
 * deleted, and the nanosecond in which it was made (0 where the file system keeps no such time).
 */
export function toIdentity(stats: BigIntStats): string {
  return `${stats.ino}:${stats.birthtimeNs}`
}

/** What `path` names below `folder`, going through no symbolic link; undefined where there is nothing. */
export async function lookAt(folder: string, path: readonly string[]): Promise<Seen | undefined> {
  let held = await Directory.open(folder)
  try {
    for (const name of path.slice(0, -1)) {
      const next = await held.openFolder(name)
      await held.close()
      held = next
    }
    const stats = await held.lookExactly(path.at(-1) ?? '.')
    if (stats === undefined) return undefined
    return {
      identity: toIdentity(stats),
      kind: stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other',
    }
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined
    throw error
  } finally {
    await held.close()
  }
}
