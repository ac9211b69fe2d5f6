import type { Stats } from 'node:fs'
import { link, rename, statfs, unlink, type FileHandle } from 'node:fs/promises'
import { CygnetError, isSystemError } from '@cygnet/core/errors'
import type { Directory } from './directory.ts'
import { toEntry, type SpaceEntry } from './entry.ts'
import { withLock } from './lock.ts'
import { joinPath, shorten } from './names.ts'
import { createOwnedFile, type Owner } from './ownership.ts'
import { createTemporaryName } from './temporary.ts'
import type { Location } from './walk.ts'

/** Small writes are gathered up to this size: the calls cost more than the copying. */
const gatherBytes = 1024 * 1024

export interface WriteOptions {
  /** Without it a file that exists is a conflict. */
  overwrite?: boolean
  /** How many bytes will come, where it is known: refused early where they do not fit, and where other than these come. */
  length?: number
  /** The file must exist and have one of these etags, checked before and at the very end. `*` is any. */
  ifMatch?: readonly string[]
}

/**
 * Writes a file whole or not at all: beside, synced, then renamed into its place. Whatever goes wrong, the old content
 * stands and nothing is left beside it.
 *
 * @throws CygnetError `conflict`, `precondition-failed`, `insufficient-storage`, and `bad-request` for a body that is cut
 */
export async function writeFile(
  location: Location,
  shown: readonly string[],
  source: AsyncIterable<Uint8Array>,
  owner: Owner | null,
  options: WriteOptions,
): Promise<SpaceEntry> {
  const { folder, name } = location
  const path = joinPath(shown)
  const before = await folder.look(name)
  checkTarget(path, name, before, options)
  if (options.length !== undefined) await checkFreeSpace(folder, options.length)
  const temporary = createTemporaryName()
  const handle = await createOwnedFile(folder, temporary, owner, permissionsOf(before))
  let entry: SpaceEntry | undefined
  try {
    try {
      await receive(handle, source, options.length)
      await handle.sync()
      entry = toEntry(path, shown.at(-1) ?? name, await handle.stat())
    } finally {
      await handle.close()
    }
    await putInPlace(location, temporary, path, options)
  } catch (error) {
    await unlink(folder.at(temporary)).catch(() => undefined)
    throw error
  }
  if (entry === undefined) throw new Error('A file that was just written is no file.')
  return entry
}

/** What is known before the first byte: refuses without reading the body. */
function checkTarget(path: string, name: string, stats: Stats | undefined, options: WriteOptions): void {
  if (options.ifMatch !== undefined) checkMatch(path, name, stats, options.ifMatch)
  if (stats === undefined) return
  if (stats.isDirectory()) throw new CygnetError('conflict', `“${shorten(path)}” is a folder.`)
  if (!stats.isFile()) throw new CygnetError('forbidden', `“${shorten(path)}” is no ordinary file.`)
  if (options.overwrite !== true) {
    throw new CygnetError('conflict', `There is already a file “${shorten(path)}”.`, {
      mend: 'Choose another name, or say that it is to be replaced.',
    })
  }
}

function checkMatch(path: string, name: string, stats: Stats | undefined, wanted: readonly string[]): void {
  const now = stats === undefined ? undefined : toEntry(path, name, stats)
  if (now !== undefined && (wanted.includes('*') || wanted.includes(now.etag))) return
  throw new CygnetError('precondition-failed', `“${shorten(path)}” was changed by someone else meanwhile.`, {
    mend: 'Read it again, or save under another name.',
  })
}

async function checkFreeSpace(folder: Directory, length: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder.at('.'))
  if (length <= bavail * bsize) return
  throw new CygnetError('insufficient-storage', `There is no room for ${length} bytes; nothing was changed.`, {
    mend: 'Delete what is not needed and try again.',
  })
}

/** What a program may do stays as it was, but nothing that would make it run as someone else. */
function permissionsOf(before: Stats | undefined): number {
  return before === undefined ? 0o644 : before.mode & 0o777
}

/** Writes while it reads on, at most two gathered pieces in memory. */
async function receive(
  handle: FileHandle,
  source: AsyncIterable<Uint8Array>,
  length: number | undefined,
): Promise<void> {
  let gathered: Uint8Array[] = []
  let bytes = 0
  let total = 0
  let writing: Promise<void> = Promise.resolve()
  const flush = async (): Promise<void> => {
    await writing
    writing = writeAll(handle, gathered)
    // Awaited at the next flush; until then its failure is not unhandled.
    writing.catch(() => undefined)
    gathered = []
    bytes = 0
  }
  try {
    for await (const chunk of source) {
      gathered.push(chunk)
      bytes += chunk.byteLength
      total += chunk.byteLength
      if (length !== undefined && total > length) throw wrongLength(length, total)
      if (bytes >= gatherBytes) await flush()
    }
    if (bytes > 0) await flush()
  } finally {
    await writing
  }
  if (length !== undefined && total !== length) throw wrongLength(length, total)
}

async function writeAll(handle: FileHandle, pieces: Uint8Array[]): Promise<void> {
  let rest = pieces
  while (rest.length > 0) {
    const { bytesWritten } = await handle.writev(rest)
    rest = dropFirst(rest, bytesWritten)
  }
}

/** `writev` may write only a part, such as on a disk that is nearly full. */
function dropFirst(pieces: Uint8Array[], bytes: number): Uint8Array[] {
  let skip = bytes
  for (const [index, piece] of pieces.entries()) {
    if (skip < piece.byteLength) return [piece.subarray(skip), ...pieces.slice(index + 1)]
    skip -= piece.byteLength
  }
  return []
}

function wrongLength(wanted: number, came: number): CygnetError {
  return new CygnetError('bad-request', `${wanted} bytes were announced and ${came} came; nothing was changed.`, {
    mend: 'Upload it again.',
  })
}

/** Checks once more and renames, in one step as far as this service's own writers are concerned. */
async function putInPlace(location: Location, temporary: string, path: string, options: WriteOptions): Promise<void> {
  const { folder, name } = location
  const { dev, ino } = await folder.stat()
  await withLock(`${dev}:${ino}:${name}`, async () => {
    checkTarget(path, name, await folder.look(name), options)
    if (options.overwrite === true) await rename(folder.at(temporary), folder.at(name))
    else await renameToNew(folder, temporary, folder, name)
  })
  await folder.sync()
}

/**
 * Renames what is no folder and never over something: a second name fails where the name is taken, as `rename` would not.
 * @throws the system's `EEXIST`
 */
export async function renameToNew(from: Directory, old: string, to: Directory, name: string): Promise<void> {
  try {
    await link(from.at(old), to.at(name))
  } catch (error) {
    // Some file systems have no second names, and some files may have none; then the look before is all there is.
    if (!isSystemError(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EACCES')) throw error
    if ((await to.look(name)) !== undefined) throw Object.assign(new Error('File exists.'), { code: 'EEXIST' })
    await rename(from.at(old), to.at(name))
    return
  }
  await unlink(from.at(old))
}
