import { constants, mkdir, open, type FileHandle } from 'node:fs/promises'
import { CygnetError, isSystemError } from '@cygnet/core/errors'
import type { Directory } from './directory.ts'

/** Whom new files and folders belong to. */
export interface Owner {
  uid: number
  gid: number
}

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants

/** Creates an empty file that was not there, already its owner's, so that it counts in their quota while it grows. */
export async function createOwnedFile(
  folder: Directory,
  name: string,
  owner: Owner | null,
  mode: number,
): Promise<FileHandle> {
  const handle = await open(folder.at(name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  try {
    if (owner !== null) await handle.chown(owner.uid, owner.gid)
    // After the change of owner, which clears bits; and whatever the umask is.
    await handle.chmod(mode)
    return handle
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Creates a folder and holds it open. @throws the system's `EEXIST` */
export async function createOwnedFolder(folder: Directory, name: string, owner: Owner | null): Promise<Directory> {
  await mkdir(folder.at(name), 0o700)
  const created = await folder.openFolder(name)
  try {
    if (owner !== null) await giveFolder(created, owner)
    await using handle = await open(created.at('.'), constants.O_RDONLY | constants.O_DIRECTORY)
    await handle.chmod(0o755)
    return created
  } catch (error) {
    await created.close()
    if (isSystemError(error, 'ENOENT')) throw swapped(error)
    throw error
  }
}

/** Between its creation and now the tree's owner may have put another folder in its place: only an empty one is given away. */
async function giveFolder(folder: Directory, owner: Owner): Promise<void> {
  const stats = await folder.stat()
  if (stats.uid === owner.uid) return
  if ((await folder.someNames(1)).length > 0) throw swapped()
  await using handle = await open(folder.at('.'), constants.O_RDONLY | constants.O_DIRECTORY)
  await handle.chown(owner.uid, owner.gid)
}

function swapped(cause?: unknown): CygnetError {
  return new CygnetError('conflict', 'The folder was replaced while it was being made.', { cause, mend: 'Try again.' })
}
