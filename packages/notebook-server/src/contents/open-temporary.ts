import { randomBytes } from 'node:crypto'
import { open, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isSystemError } from '@cygnet/core/errors'
import { toFilePath } from '@cygnet/core/file-name'

/** Begins the names of files that are being written; they are never listed. */
export const temporaryPrefix = '.~cygnet-'

export interface Temporary {
  path: string
  /** Open for reading and writing. */
  file: FileHandle
  /** False where the folder cannot be written: the file is elsewhere then and cannot be renamed into it. */
  beside: boolean
}

/** Makes an empty file in `folder`, or among the system's temporary files where the folder cannot be written. */
export async function openTemporary(folder: string, mode = 0o600): Promise<Temporary> {
  const name = `${temporaryPrefix}${randomBytes(8).toString('hex')}.tmp`
  const beside = join(folder, name)
  try {
    return { path: beside, file: await open(toFilePath(beside), 'wx+', mode), beside: true }
  } catch (error) {
    if (!isSystemError(error, 'EACCES', 'EPERM', 'EROFS')) throw error
  }
  const elsewhere = join(tmpdir(), name)
  return { path: elsewhere, file: await open(elsewhere, 'wx+', 0o600), beside: false }
}
