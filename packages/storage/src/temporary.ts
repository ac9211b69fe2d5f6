import { randomBytes } from 'node:crypto'
import { unlink, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { isSystemError } from '@cygnet/core/errors'
import { mapConcurrently } from './concurrent.ts'
import { Directory } from './directory.ts'
import { createOwnedFile, type Owner } from './ownership.ts'

const pattern = /^\.cygnet-[0-9a-f]{24}\.part$/

/** A hidden name for a file while it is being written beside the one it will be. */
export function createTemporaryName(): string {
  return `.cygnet-${randomBytes(12).toString('hex')}.part`
}

export function isTemporary(name: string): boolean {
  return pattern.test(name)
}

/** A new content on its way. Disposing of it closes it, and deletes it unless it was renamed. */
export interface Temporary extends AsyncDisposable {
  readonly name: string
  /** Open for reading and writing, empty at first. */
  readonly handle: FileHandle
  /** False where it lies elsewhere, as the folder cannot be written: it cannot be renamed into it then. */
  readonly beside: boolean
}

/** @param replaces - true where it will be in the place of a file that is there, and private until then */
export async function openTemporary(folder: Directory, owner: Owner | null, replaces: boolean): Promise<Temporary> {
  const name = createTemporaryName()
  try {
    const handle = await createOwnedFile(folder, name, owner, replaces ? 'private' : 'usual')
    const dispose = async (): Promise<void> => {
      await handle.close()
      await folder.finish(() => unlink(folder.at(name))).catch(() => undefined)
    }
    return { name, handle, beside: true, [Symbol.asyncDispose]: dispose }
  } catch (error) {
    if (!replaces || !isSystemError(error, 'EACCES', 'EPERM', 'EROFS')) throw error
  }
  await using elsewhere = await Directory.open(tmpdir())
  const handle = await createOwnedFile(elsewhere, name, owner, 'private')
  // Nobody would look for it there after a crash.
  await elsewhere.finish(() => unlink(elsewhere.at(name)))
  return { name, handle, beside: false, [Symbol.asyncDispose]: () => handle.close() }
}

/** A writer touches its file at least this often. */
const abandonedMilliseconds = 24 * 3600 * 1000

/** Removes what a service that was killed while writing has left in a folder. */
export async function removeAbandoned(folder: Directory, names: string[], signal?: AbortSignal): Promise<void> {
  const removeIfOld = async (name: string): Promise<void> => {
    const stats = await folder.look(name)
    if (!stats?.isFile() || Date.now() - stats.mtimeMs < abandonedMilliseconds) return
    await folder.run(() => unlink(folder.at(name))).catch(() => undefined)
  }
  await mapConcurrently(names.filter(isTemporary), 4, removeIfOld, signal)
}
