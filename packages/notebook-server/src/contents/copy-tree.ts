import { constants, type Stats } from 'node:fs'
import { chmod, copyFile, lstat, lutimes, mkdir, open, readdir, readlink, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { copyRights } from '@cygnet/core/extended-attributes'
import { toFileName, toFilePath } from '@cygnet/core/file-name'

/** What a copy has of the original beside content and mode: the times of what is in a folder, or all that can be kept, as for a move. */
export type Kept = 'usual' | 'all'

/**
 * Copies a file, a link itself, or a folder with all that is in it, whatever bytes the names are. Pipes, sockets and devices in a
 * folder are left out. `to` must not exist: of two copies under one name only one goes on.
 *
 * Node's `cp` knows names in UTF-8 only.
 *
 * @throws the system's errors, `EEXIST` among them
 */
export async function copyTree(from: string, to: string, status: Stats, kept: Kept): Promise<void> {
  if (status.isDirectory()) await copyFolder(from, to, status, kept)
  else if (status.isSymbolicLink())
    await symlink(await readlink(toFilePath(from), { encoding: 'buffer' }), toFilePath(to))
  else await copyFile(toFilePath(from), toFilePath(to), constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  if (kept === 'all') await keepAll(from, to, status)
}

async function copyFolder(from: string, to: string, status: Stats, kept: Kept): Promise<void> {
  // To be written in until all is in it, whatever its mode.
  await mkdir(toFilePath(to), status.mode | 0o700)
  for (const bytes of await readdir(toFilePath(from), { encoding: 'buffer' })) {
    const name = toFileName(bytes)
    const child = await lstat(toFilePath(join(from, name)))
    if (!child.isFile() && !child.isDirectory() && !child.isSymbolicLink()) continue
    await copyTree(join(from, name), join(to, name), child, kept)
    await lutimes(toFilePath(join(to, name)), child.atime, child.mtime)
  }
  await chmod(toFilePath(to), status.mode & 0o7777)
}

async function keepAll(from: string, to: string, status: Stats): Promise<void> {
  if (!status.isSymbolicLink()) await keepRights(from, to, status.mode)
  await lutimes(toFilePath(to), status.atime, status.mtime)
}

async function keepRights(from: string, to: string, mode: number): Promise<void> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const source = await open(toFilePath(from), flags)
  try {
    const target = await open(toFilePath(to), flags)
    try {
      await copyRights(source, target, mode & 0o7777)
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}
