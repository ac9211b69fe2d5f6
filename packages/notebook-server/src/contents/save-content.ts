import { createHash } from 'node:crypto'
import { mkdir, stat } from 'node:fs/promises'
import { isUtf8 } from 'node:buffer'
import { CygnetError, isSystemError } from '@cygnet/core/errors'
import { toFilePath } from '@cygnet/core/file-name'
import { hasExactNumbers } from '@cygnet/core/python-json'
import { keepNumbers } from '../notebook-format/keep-numbers.ts'
import type { Notebook } from '../notebook-format/notebook.ts'
import { readNotebook, toNotebook } from '../notebook-format/read-notebook.ts'
import { isTrustworthy, type TrustStore } from '../notebook-format/trust.ts'
import { writeNotebook } from '../notebook-format/write-notebook.ts'
import { decodeContent, isSpooled } from './decode-content.ts'
import { toModel, type ContentsModel } from './model.ts'
import { joinPath, parsePath, shown } from './path.ts'
import { diskFull, writeFile } from './replacement.ts'
import type { Root } from './root.ts'

/** What a client sends to be saved; anything may be missing or wrong. */
export interface SaveRequest {
  type?: unknown
  format?: unknown
  content?: unknown
}

/**
 * Saves a file, a notebook or (without content) a folder and returns its model, with the hash of what was written.
 * @throws CygnetError `bad-request` for content that does not fit its type, `insufficient-storage` with the old content intact
 */
export async function saveContent(
  root: Root,
  trust: TrustStore,
  path: string,
  request: SaveRequest,
): Promise<ContentsModel> {
  const apiPath = joinPath(parsePath(path))
  if (apiPath === '') throw new CygnetError('bad-request', 'The served folder itself cannot be saved.')
  switch (request.type) {
    case 'directory':
      await makeFolder(root, apiPath)
      return currentModel(root, apiPath)
    case 'notebook':
      return saveNotebook(root, trust, apiPath, request.content)
    case 'file':
      return saveFile(root, apiPath, request)
    case undefined:
    case null:
    case '':
      throw new CygnetError('bad-request', 'No file type provided: "type" must be "file", "notebook" or "directory".')
    default:
      throw new CygnetError('bad-request', `Unhandled contents type: ${JSON.stringify(request.type)}.`)
  }
}

/** The model of what stands at a path now, without content. */
export async function currentModel(root: Root, apiPath: string): Promise<ContentsModel> {
  const real = await root.resolve(apiPath)
  return toModel(apiPath, real, await stat(toFilePath(real)))
}

/** A folder that exists already is no error. */
export async function makeFolder(root: Root, path: string): Promise<void> {
  const target = await root.resolveForWriting(path)
  if (target.exists) {
    if ((await stat(toFilePath(target.path))).isDirectory()) return
    throw new CygnetError('bad-request', `Not a folder: ${shown(path)}.`)
  }
  try {
    await mkdir(toFilePath(target.path))
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return
    throw isSystemError(error, 'ENOSPC', 'EDQUOT') ? diskFull(path, error) : error
  }
}

async function saveNotebook(root: Root, trust: TrustStore, path: string, content: unknown): Promise<ContentsModel> {
  if (content === undefined)
    throw new CygnetError('bad-request', `No content provided for the notebook ${shown(path)}.`)
  if (isSpooled(content) || typeof content === 'string') {
    throw new CygnetError('bad-request', `The content of the notebook ${shown(path)} must be an object, not a string.`)
  }
  const { notebook, fault } = toNotebook(content, path)
  const stored = await storedNotebook(root, path)
  if (stored !== undefined) keepNumbers(notebook, stored)
  const trustworthy = isTrustworthy(notebook)
  const text = writeNotebook(notebook)
  const bytes = Buffer.from(text)
  await writeFile(root, path, (file) => file.writeFile(bytes))
  // What cannot be signed (a full disk, a read-only home) is saved all the same and asks for trust when it is opened again.
  if (trustworthy) await trust.sign(text).catch(() => undefined)
  const model = { ...(await currentModel(root, path)), type: 'notebook' as const, mimetype: null, ...hashOf(bytes) }
  return fault === undefined ? model : { ...model, message: `Notebook validation failed: ${fault}.` }
}

/** What the file holds, where there are numbers in it that a client may not know as they are. */
async function storedNotebook(root: Root, path: string): Promise<Notebook | undefined> {
  try {
    const file = await root.openFile(path)
    try {
      const bytes = await file.readFile()
      const text = isUtf8(bytes) ? bytes.toString('utf8') : ''
      return hasExactNumbers(text) ? readNotebook(text, path).notebook : undefined
    } finally {
      await file.close()
    }
  } catch {
    // It is new, or no notebook: then there is nothing to keep.
    return undefined
  }
}

async function saveFile(root: Root, path: string, request: SaveRequest): Promise<ContentsModel> {
  if (request.content === undefined)
    throw new CygnetError('bad-request', `No content provided for the file ${shown(path)}.`)
  await writeFile(root, path, (file) => decodeContent(file, request.content, request.format, path))
  return { ...(await currentModel(root, path)), type: 'file' }
}

function hashOf(bytes: Uint8Array): Pick<ContentsModel, 'hash' | 'hash_algorithm'> {
  return { hash: createHash('sha256').update(bytes).digest('hex'), hash_algorithm: 'sha256' }
}
