import type { Stats } from 'node:fs'
import { constants, mkdir, open, type FileHandle } from 'node:fs/promises'
import { CygnetError, isSystemError } from '@cygnet/core/errors'
import { hasAccessList } from '@cygnet/core/extended-attributes'
import type { Directory } from './directory.ts'

/** Whom new files and folders belong to. */
export interface Owner {
  uid: number
  gid: number
}

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = constants
/** On a folder: what is made in it belongs to the folder's group, and so on below. */
const setGroup = 0o2000

/**
 * Creates an empty file that was not there, already its owner's, so that it counts in their quota while it grows.
 *
 * @param access - `private` for one that will be given another file's rights, `usual` for what the folder or else the service grants
 */
export async function createOwnedFile(
  folder: Directory,
  name: string,
  owner: Owner | null,
  access: 'private' | 'usual',
): Promise<FileHandle> {
  const mode = access === 'private' ? 0o600 : 0o666
  const flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW
  const handle = folder.file(await folder.run(() => open(folder.at(name), flags, mode)), 'write')
  try {
    if (owner !== null) await handle.chown(owner.uid, groupIn(await folder.stat(), owner))
    // After the change of owner, which clears bits; and whatever the umask is. A list came from the folder, with its own mode.
    if (access === 'private') await handle.chmod(mode)
    else if (!(await folder.run(() => hasAccessList(handle)))) await handle.chmod(0o644)
    return handle
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Creates a folder and holds it open. @throws the system's `EEXIST` */
export async function createOwnedFolder(folder: Directory, name: string, owner: Owner | null): Promise<Directory> {
  await folder.run(() => mkdir(folder.at(name), 0o777))
  const created = await folder.openFolder(name)
  try {
    const above = await folder.stat()
    if (owner !== null) await giveFolder(created, { uid: owner.uid, gid: groupIn(above, owner) })
    await created.run(async () => {
      await using handle = await open(created.at('.'), constants.O_RDONLY | constants.O_DIRECTORY)
      if (!(await hasAccessList(handle))) await handle.chmod(0o755 | (above.mode & setGroup))
    })
    return created
  } catch (error) {
    await created.close()
    if (isSystemError(error, 'ENOENT')) throw swapped(error)
    throw error
  }
}

function groupIn(folder: Stats, owner: Owner): number {
  return (folder.mode & setGroup) === 0 ? owner.gid : folder.gid
}

/** Between its creation and now the tree's owner may have put another folder in its place: only an empty one is given away. */
async function giveFolder(folder: Directory, owner: Owner): Promise<void> {
  const stats = await folder.stat()
  if (stats.uid === owner.uid) return
  if ((await folder.someNames(1)).length > 0) throw swapped()
  await folder.run(async () => {
    await using handle = await open(folder.at('.'), constants.O_RDONLY | constants.O_DIRECTORY)
    await handle.chown(owner.uid, owner.gid)
  })
}

function swapped(cause?: unknown): CygnetError {
  return new CygnetError('conflict', 'The folder was replaced while it was being made.', { cause, mend: 'Try again.' })
}
