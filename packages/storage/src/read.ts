import type { FileHandle } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { CygnetError, isSystemError } from '@cygnet/core/errors'
import { copyBytes } from './copy-bytes.ts'
import { toEntry, type SpaceEntry } from './entry.ts'
import { toIdentity } from './identity.ts'
import { joinPath, shorten } from './names.ts'
import { notFound, type Location } from './walk.ts'

/** A file that is held open: its entry and its bytes are of one and the same file, whatever is renamed meanwhile. */
export interface OpenFile extends AsyncDisposable {
  readonly entry: SpaceEntry
  /**
   * Writes the bytes from `start` up to, not including, `end`, as fast as they are taken; all of them unless said.
   * Resolves once the last was taken and does not end the stream. A chunk's memory is used again once it was taken.
   * Rejects where the stream is closed before, or the file became shorter meanwhile.
   */
  copyTo(target: Writable, start?: number, end?: number): Promise<void>
  close(): Promise<void>
}

/** @throws CygnetError `not-found`; `bad-request` for a folder; `forbidden` for a FIFO, socket or device, unopened */
export async function openFile(location: Location, path: readonly string[], name: string): Promise<OpenFile> {
  const opened = await openOrdinary(location, path)
  const entry = toEntry(joinPath(path), name, opened.stats)
  if (entry === undefined || !(await isExpected(location, opened.handle))) {
    await opened.handle.close()
    throw notFound(path)
  }
  const close = (): Promise<void> => opened.handle.close()
  return {
    entry,
    copyTo: (target, start = 0, end = entry.size) => copyBytes(opened.handle, target, start, end),
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function isExpected({ identity }: Location, handle: FileHandle): Promise<boolean> {
  return identity === undefined || toIdentity(await handle.stat({ bigint: true })) === identity
}

async function openOrdinary(location: Location, path: readonly string[]) {
  const { folder, name } = location
  try {
    const opened = await folder.openFile(name)
    if (opened !== undefined) return opened
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ELOOP')) throw notFound(path, error)
    throw error
  }
  if ((await folder.look(name))?.isDirectory()) {
    throw new CygnetError('bad-request', `“${shorten(joinPath(path))}” is a folder, not a file.`)
  }
  throw new CygnetError('forbidden', `“${shorten(joinPath(path))}” is no ordinary file, so it cannot be read here.`)
}
