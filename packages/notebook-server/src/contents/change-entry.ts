import type { Stats } from 'node:fs'
import { lstat, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { CygnetError, isSystemError } from '@cygnet/core/errors'
import { toFilePath } from '@cygnet/core/file-name'
import { emptyNotebook } from '../notebook-format/notebook.ts'
import { writeNotebook } from '../notebook-format/write-notebook.ts'
import { copyTree, type Kept } from './copy-tree.ts'
import { mountsBelow } from './mounts.ts'
import { makeUnderFreeName } from './new-name.ts'
import { joinPath, parsePath, shown } from './path.ts'
import { diskFull } from './replacement.ts'
import type { Root } from './root.ts'

/**
 * Makes an empty file, notebook or folder under the first free name in `folder` and returns its API path.
 * @param extension - with its dot; `.ipynb` makes a notebook unless the type says otherwise
 */
export async function createUntitled(root: Root, folder: string, type: string, extension: string): Promise<string> {
  const apiFolder = joinPath(parsePath(folder))
  const real = await existingFolder(root, apiFolder)
  const kind = type === '' ? (extension === '.ipynb' ? 'notebook' : 'file') : type
  if (extension.includes('/') || extension.includes('\0')) {
    throw new CygnetError('bad-request', `An extension has no slash: ${shown(extension)}.`)
  }
  const name = await named(apiFolder, () => makeUntitled(real, kind, extension))
  return apiFolder === '' ? name : `${apiFolder}/${name}`
}

/** Copies a file or a folder with all that is in it to `target`: into it under a free name where it is a folder, else to that very path. */
export async function copyEntry(root: Root, source: string, target: string): Promise<string> {
  const from = await root.resolve(source)
  const status = await stat(toFilePath(from))
  if (!status.isFile() && !status.isDirectory()) {
    throw new CygnetError('bad-request', `${shown(source)} is neither file nor folder, so it cannot be copied.`)
  }
  const apiTarget = joinPath(parsePath(target))
  const into = await root.resolveForWriting(apiTarget)
  if (!into.exists || !(await stat(toFilePath(into.path))).isDirectory()) {
    await named(apiTarget, () => copyTo(from, into.path, status, !into.exists))
    return apiTarget
  }
  const wanted = basename(joinPath(parsePath(source))).replace(/-Copy\d*\./, '.')
  if (wanted === '') throw new CygnetError('bad-request', 'The served folder itself cannot be copied.')
  const name = await named(apiTarget, () =>
    makeUnderFreeName(into.path, wanted, '-Copy', (path) => copyTo(from, path, status, true)),
  )
  return apiTarget === '' ? name : `${apiTarget}/${name}`
}

/**
 * Renames or moves. A link itself is moved, not what it points to.
 * @throws CygnetError `conflict` where something is at the new path
 */
export async function moveEntry(root: Root, oldPath: string, newPath: string): Promise<{ from: string; to: string }> {
  const from = await root.locate(oldPath)
  const to = await root.locate(newPath)
  if (from === root.folder) throw new CygnetError('bad-request', 'The served folder itself cannot be renamed.')
  const status = await existingEntry(from, oldPath)
  const other = await lstat(toFilePath(to)).catch(() => undefined)
  if (other !== undefined && (other.ino !== status.ino || other.dev !== status.dev)) {
    throw new CygnetError('conflict', `File already exists: ${shown(newPath)}.`, { mend: 'Choose another name.' })
  }
  if (to.startsWith(`${from}/`)) throw new CygnetError('bad-request', `${shown(oldPath)} cannot be moved into itself.`)
  try {
    await rename(toFilePath(from), toFilePath(to))
  } catch (error) {
    if (isSystemError(error, 'EBUSY')) throw holdsShare(oldPath, 'renamed', error)
    if (!isSystemError(error, 'EXDEV')) throw error
    await moveAcross(from, to, status, oldPath)
  }
  return { from, to }
}

/** Deletes a file, a link (not what it points to) or a folder with all that is in it, for good. Returns its path on the host. */
export async function removeEntry(root: Root, path: string): Promise<string> {
  const entry = await root.locate(path)
  if (entry === root.folder) throw new CygnetError('bad-request', "Can't delete root: the served folder itself stays.")
  const status = await existingEntry(entry, path)
  if (status.isDirectory() && (await mountsBelow(entry)).length > 0) throw holdsShare(path, 'deleted')
  try {
    await rm(toFilePath(entry), { recursive: status.isDirectory() })
  } catch (error) {
    throw isSystemError(error, 'EBUSY') ? holdsShare(path, 'deleted', error) : error
  }
  return entry
}

function makeUntitled(folder: string, type: string, extension: string): Promise<string> {
  switch (type) {
    case 'directory':
      return makeUnderFreeName(folder, 'Untitled Folder', ' ', (path) => mkdir(toFilePath(path)))
    case 'notebook':
      return makeUnderFreeName(folder, 'Untitled.ipynb', '', (path) => makeFile(path, writeNotebook(emptyNotebook())))
    default:
      return makeUnderFreeName(folder, `untitled${extension}`, '', (path) => makeFile(path, ''))
  }
}

async function existingFolder(root: Root, path: string): Promise<string> {
  const real = await root.resolve(path)
  if ((await stat(toFilePath(real))).isDirectory()) return real
  throw new CygnetError('not-found', `No such folder: ${shown(path)}.`)
}

async function existingEntry(entry: string, path: string): Promise<Stats> {
  try {
    return await lstat(toFilePath(entry))
  } catch (cause) {
    if (!isSystemError(cause, 'ENOENT', 'ENOTDIR')) throw cause
    throw new CygnetError('not-found', `No such file or folder: ${shown(path)}.`, { cause })
  }
}

async function makeFile(path: string, text: string): Promise<void> {
  const file = await open(toFilePath(path), 'wx', 0o666)
  try {
    await file.writeFile(text)
  } catch (error) {
    await rm(toFilePath(path), { force: true })
    throw error
  } finally {
    await file.close()
  }
}

/** Copies what may be large; a copy that fails halfway is removed. */
async function copyTo(from: string, to: string, status: Stats, isNew: boolean, keep: Kept = 'usual'): Promise<void> {
  if (!isNew)
    throw new CygnetError('conflict', `File already exists: ${shown(basename(to))}.`, { mend: 'Choose another name.' })
  if (status.isDirectory() && `${to}/`.startsWith(`${from}/`)) {
    throw new CygnetError('bad-request', `${shown(basename(from))} cannot be copied into itself.`)
  }
  try {
    await copyTree(from, to, status, keep)
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) await rm(toFilePath(to), { recursive: true, force: true })
    throw error
  }
}

async function moveAcross(from: string, to: string, status: Stats, path: string): Promise<void> {
  if (status.isDirectory() && (await mountsBelow(from)).length > 0) throw holdsShare(path, 'moved')
  await named(path, () => copyTo(from, to, status, true, 'all'))
  await rm(toFilePath(from), { recursive: true })
}

async function named<Result>(path: string, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run()
  } catch (error) {
    throw isSystemError(error, 'ENOSPC', 'EDQUOT') ? diskFull(path, error) : error
  }
}

function holdsShare(path: string, done: string, cause?: unknown): CygnetError {
  return new CygnetError(
    'forbidden',
    `${shown(path)} cannot be ${done}: it holds what is shared with you or otherwise mounted here.`,
    {
      cause,
      mend: 'Leave the share in the portal first.',
    },
  )
}
