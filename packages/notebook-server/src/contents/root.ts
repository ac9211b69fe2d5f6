import { constants } from 'node:fs'
import { lstat, open, readlink, realpath, type FileHandle } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { CygnetError, isSystemError } from '@cygnet/core/errors'
import { toFileName, toFilePath } from '@cygnet/core/file-name'
import { joinPath, parsePath, shown } from './path.ts'

/**
 * The served folder. Every path of a client becomes a path of the host here and nowhere else, and none leads outside:
 * links are followed first, then the result is compared component by component.
 */
export interface Root {
  /** Absolute and free of links. */
  readonly folder: string
  /** Follows links to the end. @throws CygnetError `not-found`, or `forbidden` where it leads outside */
  resolve(path: string): Promise<string>
  /** The entry itself, which may be a link or not exist: its folder is followed, its name is not. */
  locate(path: string): Promise<string>
  /** Where a save to `path` writes: the end of its links, or a new name in an existing folder. */
  resolveForWriting(path: string): Promise<{ path: string; exists: boolean }>
  /** Opens a regular file for reading; a pipe, a device and a file swapped for a link meanwhile are refused. */
  openFile(path: string): Promise<FileHandle>
  /** Throws `forbidden` unless the open file lies inside, whatever was renamed since its path was checked. */
  check(file: FileHandle, path: string): Promise<void>
  contains(real: string): boolean
}

/** @param folder - must exist */
export async function createRoot(folder: string): Promise<Root> {
  const real = toFileName(await realpath(folder, { encoding: 'buffer' }))
  const prefix = real.endsWith(sep) ? real : real + sep

  const root: Root = {
    folder: real,
    contains: (path) => path === real || path.startsWith(prefix),

    async resolve(path) {
      const components = parsePath(path)
      return follow(join(real, ...components), joinPath(components))
    },

    async locate(path) {
      const components = parsePath(path)
      const name = components.pop()
      if (name === undefined) return real
      return join(await follow(join(real, ...components), joinPath(components)), name)
    },

    async resolveForWriting(path) {
      const entry = await root.locate(path)
      try {
        return { path: await follow(entry, path), exists: true }
      } catch (error) {
        if (!(error instanceof CygnetError) || error.code !== 'not-found') throw error
        if (await isLink(entry)) throw new CygnetError('not-found', `${shown(path)} is a symbolic link to nothing.`)
        return { path: entry, exists: false }
      }
    },

    async openFile(path) {
      const file = await openRegular(await root.resolve(path), path)
      try {
        await root.check(file, path)
        return file
      } catch (error) {
        await file.close()
        throw error
      }
    },

    async check(file, path) {
      const actual = await readlink(`/proc/self/fd/${file.fd}`, { encoding: 'buffer' }).catch(() => undefined)
      if (actual !== undefined && !root.contains(toFileName(actual))) throw outside(path)
    },
  }

  async function follow(path: string, apiPath: string): Promise<string> {
    let end: string
    try {
      end = toFileName(await realpath(toFilePath(path), { encoding: 'buffer' }))
    } catch (cause) {
      if (isSystemError(cause, 'ENOENT', 'ENOTDIR')) {
        throw new CygnetError('not-found', `No such file or folder: ${shown(apiPath)}.`, { cause })
      }
      if (isSystemError(cause, 'ELOOP')) {
        throw new CygnetError('not-found', `${shown(apiPath)} is a symbolic link that leads back to itself.`, { cause })
      }
      if (isSystemError(cause, 'EACCES')) throw noAccess(apiPath, cause)
      throw cause
    }
    if (!root.contains(end)) throw outside(apiPath)
    return end
  }

  return root
}

async function openRegular(real: string, path: string): Promise<FileHandle> {
  let file: FileHandle
  try {
    // O_NONBLOCK: opening a pipe that nobody writes to would wait for ever.
    file = await open(toFilePath(real), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (cause) {
    if (isSystemError(cause, 'EACCES', 'EPERM')) throw noAccess(path, cause)
    if (isSystemError(cause, 'ENXIO', 'ELOOP')) throw noFile(path)
    throw cause
  }
  const status = await file.stat()
  if (status.isFile()) return file
  await file.close()
  throw noFile(path)
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await lstat(toFilePath(path))).isSymbolicLink()
  } catch {
    return false
  }
}

function outside(path: string): CygnetError {
  return new CygnetError('forbidden', `${shown(path)} leads out of the served folder.`, {
    mend: 'Copy what it points to into your own folder.',
  })
}

function noAccess(path: string, cause: unknown): CygnetError {
  return new CygnetError('forbidden', `Permission denied: ${shown(path)}.`, { cause })
}

function noFile(path: string): CygnetError {
  return new CygnetError('bad-request', `${shown(path)} is no regular file, so it cannot be read.`)
}
