import { access, constants, stat, type Dirent, type Stats } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isSystemError } from '@cygnet/core/errors'
import { toFileName, toFilePath } from '@cygnet/core/file-name'
import { mapBounded } from './map-bounded.ts'
import { toModelWith, type ContentsModel } from './model.ts'
import type { Root } from './root.ts'

/** What Jupyter Server leaves out of every listing, and our own files that are being written. */
const neverListed = /^(?:__pycache__|.*\.py[co]|\.DS_Store|.*~|\.~cygnet-.*)$/s

const parallel = 64

/**
 * The models of a folder's entries, without content, in no particular order. What vanishes while it is listed, and what is neither
 * file nor folder, is left out. A link that leads outside or nowhere is shown as a file that cannot be written, so that it can be deleted.
 */
export async function listFolder(root: Root, real: string, path: string): Promise<ContentsModel[]> {
  const entries = await readdir(toFilePath(real), { withFileTypes: true, encoding: 'buffer' })
  const named = entries
    .filter(isListable)
    .map((entry) => ({ name: toFileName(entry.name), isLink: entry.isSymbolicLink() }))
  const listed = named.filter(({ name }) => !neverListed.test(name))
  const models = await mapBounded(listed, parallel, (entry) => toEntry(root, real, path, entry))
  return models.filter((model) => model !== undefined)
}

interface Entry {
  name: string
  isLink: boolean
}

function isListable(entry: Dirent<Buffer>): boolean {
  return !entry.isFIFO() && !entry.isSocket() && !entry.isBlockDevice() && !entry.isCharacterDevice()
}

async function toEntry(root: Root, real: string, path: string, entry: Entry): Promise<ContentsModel | undefined> {
  const apiPath = path === '' ? entry.name : `${path}/${entry.name}`
  const file = join(real, entry.name)
  try {
    if (entry.isLink && !(await leadsInside(root, apiPath))) {
      const model = toModelWith(apiPath, await lstat(toFilePath(file)), false)
      return { ...model, type: 'file', mimetype: null }
    }
    return await statModel(file, apiPath)
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP')) return undefined
    throw error
  }
}

/** By callbacks: for a folder of 10,000 entries this takes a third of the time that the promises' calls take. */
function statModel(file: string, apiPath: string): Promise<ContentsModel> {
  return new Promise((resolve, reject) => {
    stat(toFilePath(file), (error: Error | null, status: Stats) => {
      if (error) reject(error)
      else access(toFilePath(file), constants.W_OK, (denied) => resolve(toModelWith(apiPath, status, denied === null)))
    })
  })
}

async function leadsInside(root: Root, path: string): Promise<boolean> {
  try {
    await root.resolve(path)
    return true
  } catch {
    return false
  }
}
