import type { FileHandle } from 'node:fs/promises'
import { promisify } from 'node:util'
import { constants, deflateRaw } from 'node:zlib'
import { CygnetError, isSystemError } from '@cygnet/core/errors'
import type { Directory } from './directory.ts'
import { isTemporary } from './temporary.ts'
import { locate, locateFrom, type Held, type Root } from './walk.ts'
import type { ZipEntry } from './zip-record.ts'

const deflate = promisify(deflateRaw)

const pieceBytes = 256 * 1024
/** As the longest path the API takes. */
const longestPath = 4096
/** In one folder and in all: what the archive's directory at its end takes has to be kept. */
const mostEntries = 1_000_000
/** Steps for all links of an archive. */
const mostSteps = 50_000
/** What of a file is compressed to see whether the rest is worth it. */
const sampleBytes = 64 * 1024

const passedOver = ['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'EPERM', 'ENAMETOOLONG']

export interface ArchiveOptions {
  /** Also what begins with a dot. */
  hidden: boolean
  /** Real paths for which this is true are left out. */
  skip: (path: readonly string[]) => boolean
}

/**
 * What is in a folder, for a zip file, below a folder named `title`. Links to files of the tree become those files.
 * Links to folders (they could go round for ever), links that lead out, special files and what cannot be read are left out,
 * and so are the rest of the links where following them takes too long.
 * Never more than one folder and one file are open.
 *
 * @param path - the folder, without links
 */
export async function* walkForArchive(
  root: Root,
  path: readonly string[],
  title: string,
  options: ArchiveOptions,
): AsyncGenerator<ZipEntry> {
  const waiting: Array<{ path: readonly string[]; shown: string }> = [{ path, shown: toSafeName(title, new Set()) }]
  let entries = 0
  const { signal } = root
  const budgeted = { ...root, budget: { steps: mostSteps } }
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    signal?.throwIfAborted()
    await using folder = await unlessPassedOver(() => openFolderInTree(root, next.path), signal)
    if (folder === undefined) continue
    yield { name: next.shown, modified: (await folder.stat()).mtime, mode: 0o755, compress: false }
    const below: typeof waiting = []
    const found = await folder.names(mostEntries - entries, signal)
    entries += found.length
    const names = found.filter((name) => !isTemporary(name) && (options.hidden || !name.startsWith('.'))).toSorted()
    const taken = new Set(names)
    for (const name of names) {
      const real = [...next.path, name]
      const shown = `${next.shown}/${toSafeName(name, taken)}`
      if (options.skip(real) || Buffer.byteLength(shown) > longestPath) continue
      signal?.throwIfAborted()
      const stats = await folder.look(name)
      if (stats?.isDirectory()) below.push({ path: real, shown })
      else if (stats?.isFile()) yield* fileEntry(() => folder.openFile(name), shown, signal)
      else if (stats?.isSymbolicLink() && budgeted.budget.steps >= 0) {
        yield* fileEntry(() => openLinked(budgeted, { folder, path: next.path }, name), shown, signal)
      }
    }
    // The last goes first; not spread, as there may be more of them than a call takes arguments.
    for (const one of below.toReversed()) waiting.push(one)
  }
}

async function openFolderInTree(root: Root, path: readonly string[]): Promise<Directory> {
  await using location = await locate(root, path, 'keep')
  return await location.folder.openFolder(location.name)
}

async function* fileEntry(
  open: () => ReturnType<Directory['openFile']>,
  shown: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<ZipEntry> {
  const opened = await unlessPassedOver(open, signal)
  if (opened === undefined) return
  await using handle = opened.handle
  const { mtime, mode, size } = opened.stats
  const compress = size > 0 && (await isCompressible(handle))
  yield { name: shown, modified: mtime, mode: mode & 0o777, compress, content: readUpTo(handle, size) }
}

/** Images, videos and archives are not, whatever they are called; and trying costs more than anything else here. */
async function isCompressible(handle: FileHandle): Promise<boolean> {
  const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(sampleBytes), 0, sampleBytes, 0)
  const compressed = await deflate(buffer.subarray(0, bytesRead), { level: constants.Z_BEST_SPEED })
  return compressed.length < bytesRead * 0.95
}

async function openLinked(root: Root, held: Held, name: string): ReturnType<Directory['openFile']> {
  await using location = await locateFrom(root, held, name)
  return await location.folder.openFile(location.name)
}

/** A file that grows meanwhile is taken as long as it was, one that shrinks as far as it goes. */
async function* readUpTo(handle: FileHandle, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < size;) {
    const wanted = Math.min(pieceBytes, size - at)
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafeSlow(wanted), 0, wanted, at)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
    at += bytesRead
  }
}

/** Undefined for what is not there any more, leads out or cannot be read. */
async function unlessPassedOver<Result>(
  work: () => Promise<Result>,
  signal: AbortSignal | undefined,
): Promise<Result | undefined> {
  try {
    return await work()
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof CygnetError || isSystemError(error, ...passedOver)) return undefined
    throw error
  }
}

/** A backslash separates folders for some programs that unpack, and a control character hides what follows. */
function toSafeName(name: string, taken: Set<string>): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is replaced
  const safe = name.replace(/[\\/\u0000-\u001f\u007f]/g, '_')
  if (safe === name) return name
  let unique = safe
  for (let count = 2; taken.has(unique); count++) unique = `${safe} (${count})`
  taken.add(unique)
  return unique
}
