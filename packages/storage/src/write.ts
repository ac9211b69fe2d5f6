import type { Stats } from 'node:fs'
import { link, rename, statfs, unlink, type FileHandle } from 'node:fs/promises'
import { CygnetError, isSystemError } from '@cygnet/core/errors'
import type { Directory } from './directory.ts'
import { toEntry, type SpaceEntry } from './entry.ts'
import { toIdentity } from './identity.ts'
import { withLock } from './lock.ts'
import { joinPath, shorten } from './names.ts'
import type { Owner } from './ownership.ts'
import { replaceFile } from './replace.ts'
import { openTemporary, type Temporary } from './temporary.ts'
import { notFound, type Location } from './walk.ts'

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
 * Told of a file that is to be put in the place of another, by their identities. `work` does that and tells whether it came
 * so; what it tells is returned.
 */
export type Succeed = (before: string, after: string, work: () => Promise<boolean>) => Promise<boolean>

/**
 * Writes a file whole or not at all: beside, synced, then put into its place, as {@link replaceFile} does it. Whatever goes
 * wrong, the old content stands and nothing is left beside it.
 *
 * @throws CygnetError `conflict`, `precondition-failed`, `insufficient-storage`, and `bad-request` for a body that is cut
 */
export async function writeFile(
  location: Location,
  shown: readonly string[],
  source: AsyncIterable<Uint8Array>,
  owner: Owner | null,
  options: WriteOptions,
  succeed: Succeed = (_before, _after, work) => work(),
): Promise<SpaceEntry> {
  const { folder, name } = location
  const path = joinPath(shown)
  const before = await folder.look(name)
  checkTarget(path, name, before, options)
  if (options.length !== undefined) await checkFreeSpace(folder, options.length)
  await using temporary = await openTemporary(folder, owner, before !== undefined)
  await receive(temporary.handle, source, options.length)
  const stats = await withLock(await lockName(location), async () => {
    const old = await folder.look(name)
    checkTarget(path, name, old, options)
    if (old === undefined) return await putNew(temporary, location, options)
    return await replaceKnown(temporary, location, owner, succeed)
  })
  await folder.sync()
  const entry = toEntry(path, shown.at(-1) ?? name, stats)
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
  const { bavail, bsize } = await folder.run(() => statfs(folder.at('.')))
  if (length <= bavail * bsize) return
  throw new CygnetError('insufficient-storage', `There is no room for ${length} bytes; nothing was changed.`, {
    mend: 'Delete what is not needed and try again.',
  })
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

async function replaceKnown(
  temporary: Temporary,
  location: Location,
  owner: Owner | null,
  succeed: Succeed,
): Promise<Stats> {
  const old = await location.folder.lookExactly(location.name)
  const before = old === undefined ? undefined : toIdentity(old)
  if (before === undefined || (location.identity !== undefined && before !== location.identity)) throw notFound([])
  const own = await temporary.handle.stat({ bigint: true })
  let stats: Stats | undefined
  await succeed(before, toIdentity(own), async () => {
    stats = await replaceFile(temporary, location, owner)
    // Otherwise the content was copied into the old one.
    return BigInt(stats.ino) === own.ino
  })
  if (stats === undefined) throw new Error('A file was neither replaced nor refused.')
  return stats
}

async function lockName({ folder, name }: Location): Promise<string> {
  const { dev, ino } = await folder.stat()
  return `${dev}:${ino}:${name}`
}

async function putNew(temporary: Temporary, { folder, name }: Location, options: WriteOptions): Promise<Stats> {
  await temporary.handle.sync()
  if (options.overwrite === true) await folder.run(() => rename(folder.at(temporary.name), folder.at(name)))
  else await renameToNew(folder, temporary.name, folder, name)
  return await temporary.handle.stat()
}

/**
 * Renames what is no folder and never over something: a second name fails where the name is taken, as `rename` would not.
 * @throws the system's `EEXIST`
 */
export async function renameToNew(from: Directory, old: string, to: Directory, name: string): Promise<void> {
  try {
    await from.run(() => link(from.at(old), to.at(name)))
  } catch (error) {
    // Some file systems have no second names, and some files may have none; then the look before is all there is.
    if (!isSystemError(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EACCES')) throw error
    if ((await to.look(name)) !== undefined) throw Object.assign(new Error('File exists.'), { code: 'EEXIST' })
    await from.run(() => rename(from.at(old), to.at(name)))
    return
  }
  await from.finish(() => unlink(from.at(old)))
}
