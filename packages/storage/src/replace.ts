import type { Stats } from 'node:fs'
import { rename, type FileHandle } from 'node:fs/promises'
import { CygnetError, isSystemError } from '@cygnet/core/errors'
import { copyAttributes } from '@cygnet/core/extended-attributes'
import { overwrite } from '@cygnet/core/overwrite'
import type { Directory } from './directory.ts'
import { joinPath, shorten } from './names.ts'
import type { Owner } from './ownership.ts'
import type { Temporary } from './temporary.ts'
import { notFound, type Location } from './walk.ts'

/**
 * Puts a complete file in the place of an old one and makes it like that: owner, group, permissions, extended attributes and
 * access control list. Where that cannot be, the content is copied over the old one: it has other names, is a mount point,
 * lies in a folder that cannot be written, or has what only the administrator can give.
 *
 * With the administrator's rights only what is the owner's is written in place, or a second name would open others' files.
 *
 * @throws CygnetError `forbidden`, `not-found` where there is no old file any more
 */
export async function replaceFile(temporary: Temporary, location: Location, owner: Owner | null): Promise<Stats> {
  const { folder, name } = location
  const alike = temporary.beside && (await makeAlike(temporary.handle, location, owner))
  await temporary.handle.sync()
  if (!alike) {
    const stats = await overwriteInPlace(folder, name, temporary.handle, owner)
    if (stats !== undefined) return stats
    if (!temporary.beside) throw readOnly(location)
  }
  try {
    await folder.run(() => rename(folder.at(temporary.name), folder.at(name)))
    return await temporary.handle.stat()
  } catch (error) {
    if (!isSystemError(error, 'EBUSY', 'EXDEV', 'EACCES', 'EPERM')) throw error
    const stats = await overwriteInPlace(folder, name, temporary.handle, owner)
    if (stats === undefined) throw error
    return stats
  }
}

/** False where the old file is to stay and be written. */
async function makeAlike(handle: FileHandle, location: Location, owner: Owner | null): Promise<boolean> {
  try {
    const old = await location.folder.openFile(location.name)
    if (old === undefined) throw notFound(location.path)
    await using source = old.handle
    const { uid, gid, mode, nlink } = old.stats
    if (owner !== null && uid !== owner.uid) {
      // What someone else left here becomes the owner's, as with any editor, without what only the administrator gave.
      await location.folder.run(() => copyAttributes(source, handle, (name) => !name.startsWith('security.')))
    } else {
      if (nlink > 1) return false
      const own = await handle.stat()
      if (own.uid !== uid || own.gid !== gid) await handle.chown(uid, gid)
      if (!(await location.folder.run(() => copyAttributes(source, handle)))) return false
    }
    // What a program may do stays as it was, but nothing that would make it run as someone else.
    await handle.chmod(mode & 0o777)
    return true
  } catch (error) {
    if (isSystemError(error, 'EPERM', 'EACCES', 'EINVAL')) return false
    throw error
  }
}

/** Undefined where the old file cannot or may not be written. */
async function overwriteInPlace(
  folder: Directory,
  name: string,
  content: FileHandle,
  owner: Owner | null,
): Promise<Stats | undefined> {
  let target: FileHandle | undefined
  try {
    const isOwn = (found: Stats): boolean => owner === null || found.uid === owner.uid
    target = (await folder.openFile(name, 'write', isOwn))?.handle
  } catch (error) {
    if (!isSystemError(error, 'EACCES', 'EPERM', 'EROFS', 'ETXTBSY')) throw error
  }
  if (target === undefined) return undefined
  try {
    await overwrite(target, content)
    return await target.stat()
  } finally {
    await target.close()
  }
}

function readOnly({ path }: Location): CygnetError {
  return new CygnetError('forbidden', `“${shorten(joinPath(path))}” may not be changed, nor its folder.`, {
    mend: 'Save it in another folder.',
  })
}
