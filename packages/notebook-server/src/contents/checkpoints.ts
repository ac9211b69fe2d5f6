import { createHash, randomBytes } from 'node:crypto'
import { access, constants, copyFile, mkdir, open, realpath, rename, rm, stat, utimes } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { CygnetError, isSystemError } from '@cygnet/core/errors'
import { toFileBytes, toFileName, toFilePath } from '@cygnet/core/file-name'
import { copyRights } from '@cygnet/core/extended-attributes'
import { toTime } from './model.ts'
import { temporaryPrefix } from './open-temporary.ts'
import { shown } from './path.ts'
import { diskFull, writeFile } from './replacement.ts'
import type { Root } from './root.ts'

export interface Checkpoint {
  id: string
  last_modified: string
}

/** A file has one checkpoint at most, kept in `.ipynb_checkpoints` beside it, as Jupyter Server does. */
export interface Checkpoints {
  list(path: string): Promise<Checkpoint[]>
  create(path: string): Promise<Checkpoint>
  /** @throws CygnetError `not-found` */
  restore(path: string, id: string): Promise<void>
  /** @throws CygnetError `not-found` */
  remove(path: string, id: string): Promise<void>
  /** Goes with a file that was renamed; the arguments are paths of the host. No checkpoint is no error. */
  follow(from: string, to: string): Promise<void>
  /** Removes that of a deleted file, a path of the host. No checkpoint is no error. */
  forget(path: string): Promise<void>
}

const checkpointId = 'checkpoint'
const folderName = '.ipynb_checkpoints'

/** @param spareFolder - for files in folders that cannot be written; made when it is needed */
export function createCheckpoints(root: Root, spareFolder: string): Checkpoints {
  async function placeOf(file: string): Promise<string> {
    const folder = dirname(file)
    if (await isWritableFolder(folder)) return join(folder, folderName, checkpointName(basename(file)))
    return join(spareFolder, createHash('sha256').update(file).digest('hex'))
  }

  async function existing(path: string, id: string): Promise<string> {
    const place = await placeOf(await root.locate(path))
    if (id === checkpointId && (await describe(place)) !== undefined) return place
    throw new CygnetError('not-found', `Checkpoint does not exist: ${path}@${id}.`)
  }

  async function makeRoom(place: string, path: string): Promise<void> {
    await mkdir(toFilePath(dirname(place)), { recursive: true })
    const real = toFileName(await realpath(toFilePath(dirname(place)), { encoding: 'buffer' }))
    if (real !== dirname(place) && !root.contains(real)) {
      throw new CygnetError(
        'forbidden',
        `The folder of checkpoints for ${shown(path)} leads out of the served folder.`,
        {
          mend: `Delete the link ${folderName} beside it.`,
        },
      )
    }
  }

  return {
    async list(path) {
      const checkpoint = await describe(await placeOf(await root.locate(path)))
      return checkpoint === undefined ? [] : [checkpoint]
    },

    async create(path) {
      const source = await root.resolve(path)
      const status = await stat(toFilePath(source))
      if (!status.isFile()) throw new CygnetError('bad-request', `${shown(path)} is no file, so it has no checkpoints.`)
      const place = await placeOf(await root.locate(path))
      await makeRoom(place, path)
      const temporary = join(dirname(place), `${temporaryPrefix}${randomBytes(8).toString('hex')}.tmp`)
      try {
        await copyFile(toFilePath(source), toFilePath(temporary), constants.COPYFILE_FICLONE)
        await likenAccess(source, temporary, status.mode)
        await utimes(toFilePath(temporary), status.atime, status.mtime)
        await rename(toFilePath(temporary), toFilePath(place))
      } catch (error) {
        await rm(toFilePath(temporary), { force: true })
        throw isSystemError(error, 'ENOSPC', 'EDQUOT') ? checkpointDiskFull(path, error) : error
      }
      return { id: checkpointId, last_modified: toTime(status.mtimeMs) }
    },

    async restore(path, id) {
      const checkpoint = await open(toFilePath(await existing(path, id)), constants.O_RDONLY | constants.O_NOFOLLOW)
      try {
        await writeFile(root, path, (file) => file.writeFile(checkpoint.createReadStream({ autoClose: false })))
      } finally {
        await checkpoint.close()
      }
    },

    async remove(path, id) {
      await rm(toFilePath(await existing(path, id)))
    },

    async follow(from, to) {
      const source = await placeOf(from)
      if ((await describe(source)) === undefined) return
      const target = await placeOf(to)
      await makeRoom(target, to)
      await rename(toFilePath(source), toFilePath(target))
    },

    async forget(path) {
      await rm(toFilePath(await placeOf(path)), { force: true })
    },
  }
}

/** Who may read the file may read its checkpoint and nobody else: a mode alone says too much where there is a list. */
async function likenAccess(source: string, copy: string, mode: number): Promise<void> {
  const from = await open(toFilePath(source), constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const to = await open(toFilePath(copy), constants.O_RDONLY | constants.O_NOFOLLOW)
    try {
      await copyRights(from, to, mode & 0o777)
    } finally {
      await to.close()
    }
  } finally {
    await from.close()
  }
}

export function checkpointName(name: string): string {
  const extension = extname(name)
  const wanted = `${name.slice(0, name.length - extension.length)}-${checkpointId}${extension}`
  if (toFileBytes(wanted).length <= 255) return wanted
  return `${createHash('sha256').update(name).digest('hex')}-${checkpointId}`
}

async function describe(file: string): Promise<Checkpoint | undefined> {
  const status = await stat(toFilePath(file)).catch(() => undefined)
  return status?.isFile() ? { id: checkpointId, last_modified: toTime(status.mtimeMs) } : undefined
}

async function isWritableFolder(folder: string): Promise<boolean> {
  try {
    await access(toFilePath(folder), constants.W_OK)
    return true
  } catch {
    return false
  }
}

function checkpointDiskFull(path: string, cause: unknown): CygnetError {
  return diskFull(`the checkpoint of ${path}`, cause)
}
