import { constants, type Stats } from 'node:fs'
import { access, open, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CygnetError, isSystemError } from '@cygnet/core/errors'
import { toFilePath } from '@cygnet/core/file-name'
import { copyAttributes } from '@cygnet/core/extended-attributes'
import { openTemporary, type Temporary } from './open-temporary.ts'
import { overwriteInPlace } from './overwrite.ts'
import { shown } from './path.ts'
import type { Root } from './root.ts'

/** The new content of a file on its way: written beside, then put in the file's place. */
export interface Replacement {
  /** Open for reading and writing, empty at first. */
  readonly file: FileHandle
  /**
   * Puts it in place. Readers see the old or the new content; the file keeps its mode, its owner, its extended attributes and
   * access control list, its links and its other names.
   */
  commit(): Promise<void>
  /** Throws it away; the old content stands. No error after {@link commit}. */
  discard(): Promise<void>
}

/**
 * Makes the file at `path` hold what `write` puts into the handle. On any error (a full disk, a client that goes away) the old
 * content stands.
 */
export async function writeFile(root: Root, path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const replacement = await openReplacement(root, path)
  try {
    await write(replacement.file)
    await replacement.commit()
  } catch (error) {
    throw isSystemError(error, 'ENOSPC', 'EDQUOT') ? diskFull(path, error) : error
  } finally {
    await replacement.discard()
  }
}

/**
 * Where a file cannot be replaced by one that is like it, the complete new content is copied over the old one: it is a mount
 * point, has other names, belongs to someone else, has an attribute that only the administrator sets, or lies in a folder that
 * cannot be written.
 * @throws CygnetError `not-found` where there is no such folder, `forbidden` where the file may not be written
 */
export async function openReplacement(root: Root, path: string): Promise<Replacement> {
  const target = await root.resolveForWriting(path)
  const old = target.exists ? await checkedStatus(target.path, path) : undefined
  const temporary = await openBeside(target.path, old === undefined, path)
  let underWay = true

  async function discard(): Promise<void> {
    if (!underWay) return
    underWay = false
    await temporary.file.close()
    await rm(toFilePath(temporary.path), { force: true })
  }

  async function commit(): Promise<void> {
    // It may have been made, deleted or become another's since.
    const now = await root.resolveForWriting(path)
    const status = now.exists ? await checkedStatus(now.path, path) : undefined
    const moved = dirname(now.path) !== dirname(target.path)
    const replaceable = temporary.beside && !moved && (status?.nlink ?? 1) === 1
    const alike = replaceable && (status === undefined || (await makeAlike(temporary.file, now.path, status)))
    await temporary.file.sync()
    if (!alike) {
      await overwriteInPlace(now.path, temporary.file)
      return
    }
    try {
      await rename(toFilePath(temporary.path), toFilePath(now.path))
    } catch (error) {
      if (status === undefined || !isSystemError(error, 'EBUSY', 'EXDEV', 'EACCES', 'EPERM')) throw error
      await overwriteInPlace(now.path, temporary.file)
    }
  }

  try {
    if (temporary.beside) await root.check(temporary.file, path)
  } catch (error) {
    await discard()
    throw error
  }
  return { file: temporary.file, commit, discard }
}

async function checkedStatus(real: string, path: string): Promise<Stats> {
  const status = await stat(toFilePath(real))
  if (status.isDirectory()) throw new CygnetError('bad-request', `${shown(path)} is a folder, not a file.`)
  if (!status.isFile()) throw new CygnetError('bad-request', `${shown(path)} is no regular file.`)
  try {
    await access(toFilePath(real), constants.W_OK)
  } catch (cause) {
    throw new CygnetError('forbidden', `Permission denied: ${shown(path)} may not be changed.`, {
      cause,
      mend: 'Save it under another name.',
    })
  }
  return status
}

/** New files get the mode that the umask leaves, changed ones are given that of the old file at the end. */
async function openBeside(target: string, isNew: boolean, path: string): Promise<Temporary> {
  const temporary = await openTemporary(dirname(target), isNew ? 0o666 : 0o600)
  if (temporary.beside || !isNew) return temporary
  await temporary.file.close()
  await rm(temporary.path, { force: true })
  throw new CygnetError(
    'forbidden',
    `Permission denied: ${shown(path)} cannot be made in a folder that is read-only.`,
    {
      mend: 'Save it in another folder.',
    },
  )
}

/** Gives a new file all that the old one has beside its content. False where that cannot be done. */
async function makeAlike(file: FileHandle, path: string, status: Stats): Promise<boolean> {
  const own = await file.stat()
  try {
    if (own.uid !== status.uid || own.gid !== status.gid) await file.chown(status.uid, status.gid)
    const old = await open(toFilePath(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      if (!(await copyAttributes(old, file))) return false
    } finally {
      await old.close()
    }
    await file.chmod(status.mode & 0o7777)
    return true
  } catch (error) {
    if (isSystemError(error, 'EPERM', 'EACCES', 'EINVAL')) return false
    throw error
  }
}

export function diskFull(path: string, cause: unknown): CygnetError {
  return new CygnetError(
    'insufficient-storage',
    `The disk is full: ${shown(path)} was not written; what was there before is unchanged.`,
    {
      cause,
      mend: 'Delete what is no longer needed and save again.',
    },
  )
}
