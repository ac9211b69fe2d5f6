import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { CygnetError, isSystemError } from '@cygnet/core/errors'
import { toEntry, type SpaceEntry } from './entry.ts'
import { joinPath, shorten } from './names.ts'
import { notFound, type Location } from './walk.ts'

/** Large pieces: at 64 KiB the calls cost more than the copying. */
const pieceBytes = 512 * 1024

/** A file that is held open: its entry and its bytes are of one and the same file, whatever is renamed meanwhile. */
export interface OpenFile extends AsyncDisposable {
  readonly entry: SpaceEntry
  /**
   * The bytes from `start` up to, not including, `end`; all of them unless said. At most once; the file is closed when
   * the stream ends or is destroyed. Fails where the file became shorter meanwhile.
   */
  read(start?: number, end?: number): Readable
  /** Needed only where `read` was not called. */
  close(): Promise<void>
}

/** @throws CygnetError `not-found`; `bad-request` for a folder; `forbidden` for a FIFO, socket or device, unopened */
export async function openFile(location: Location, path: readonly string[], name: string): Promise<OpenFile> {
  const opened = await openOrdinary(location, path)
  const entry = toEntry(joinPath(path), name, opened.stats)
  if (entry === undefined) {
    await opened.handle.close()
    throw notFound(path)
  }
  const close = (): Promise<void> => opened.handle.close()
  return {
    entry,
    read: (start = 0, end = entry.size) =>
      Readable.from(readPieces(opened.handle, start, end), { objectMode: false, highWaterMark: pieceBytes }).once(
        'close',
        () => void close(),
      ),
    close,
    [Symbol.asyncDispose]: close,
  }
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

async function* readPieces(handle: FileHandle, start: number, end: number): AsyncGenerator<Buffer> {
  for (let at = start; at < end;) {
    const wanted = Math.min(pieceBytes, end - at)
    // Not from the pool, which would keep 8 KiB alive for a small piece and is too small for a large one anyway.
    const buffer = Buffer.allocUnsafeSlow(wanted)
    const { bytesRead } = await handle.read(buffer, 0, wanted, at)
    if (bytesRead === 0) throw new Error('The file became shorter while it was read.')
    yield buffer.subarray(0, bytesRead)
    at += bytesRead
  }
}
