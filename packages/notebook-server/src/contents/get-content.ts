import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { stat, type FileHandle } from 'node:fs/promises'
import { CygnetError } from '@cygnet/core/errors'
import { toFilePath } from '@cygnet/core/file-name'
import { readNotebook } from '../notebook-format/read-notebook.ts'
import { markCells, type TrustStore } from '../notebook-format/trust.ts'
import { listFolder } from './list-folder.ts'
import { toModel, type ContentFormat, type ContentsModel, type ContentType } from './model.ts'
import { joinPath, parsePath, shown } from './path.ts'
import type { Root } from './root.ts'

export interface GetOptions {
  type?: ContentType | undefined
  format?: 'text' | 'base64' | undefined
  content: boolean
  hash: boolean
}

/** What surely fits into one JSON answer: a JavaScript string holds half a gigabyte. */
const largestAnswer = 256 * 1024 * 1024

/**
 * The model of a file or folder, with its content and hash where they are asked for.
 * @throws CygnetError `not-found`, `forbidden`, `bad-request` (another type than asked for, no notebook, no UTF-8), `too-large`
 */
export async function getContent(
  root: Root,
  trust: TrustStore,
  path: string,
  options: GetOptions,
): Promise<ContentsModel> {
  const apiPath = joinPath(parsePath(path))
  const real = await root.resolve(apiPath)
  const model = await toModel(apiPath, real, await stat(toFilePath(real)))
  if (model.type === 'directory') {
    if (options.type !== undefined && options.type !== 'directory') {
      throw new CygnetError('bad-request', `${shown(apiPath)} is a folder, not a ${options.type}.`)
    }
    return options.content ? { ...model, format: 'json', content: await listFolder(root, real, apiPath) } : model
  }
  if (options.type === 'directory') throw new CygnetError('bad-request', `${shown(apiPath)} is no folder.`)
  if (options.type !== undefined && options.type !== model.type) {
    model.type = options.type
    model.mimetype = null
  }
  return options.content || options.hash ? withFile(root, trust, model, options) : model
}

async function withFile(
  root: Root,
  trust: TrustStore,
  model: ContentsModel,
  options: GetOptions,
): Promise<ContentsModel> {
  const file = await root.openFile(model.path)
  try {
    if (!options.content) return { ...model, hash: await hashFile(file), hash_algorithm: 'sha256' }
    const { size } = await file.stat()
    if (size > largestAnswer) {
      throw new CygnetError('too-large', `${shown(model.path)} is too large to be opened: it has ${size} bytes.`, {
        mend: 'Download it instead: right click, Download.',
      })
    }
    const bytes = await file.readFile()
    const hash = options.hash
      ? { hash: createHash('sha256').update(bytes).digest('hex'), hash_algorithm: 'sha256' }
      : {}
    const content =
      model.type === 'notebook' ? await notebookContent(trust, model, bytes) : fileContent(model, bytes, options)
    return { ...model, ...content, ...hash }
  } finally {
    await file.close()
  }
}

async function notebookContent(
  trust: TrustStore,
  model: ContentsModel,
  bytes: Buffer,
): Promise<Partial<ContentsModel>> {
  if (!isUtf8(bytes))
    throw new CygnetError('bad-request', `Unreadable notebook ${shown(model.path)}: it is not UTF-8 encoded.`)
  const text = bytes.toString('utf8')
  const { notebook, fault } = readNotebook(text, model.path)
  // Without its store of signatures (a full disk, a read-only home) nothing is trusted, and everything can be read.
  markCells(notebook, await trust.knows(notebook, text).catch(() => false))
  const content = { content: notebook, format: 'json' as const }
  return fault === undefined ? content : { ...content, message: `Notebook validation failed: ${fault}.` }
}

function fileContent(model: ContentsModel, bytes: Buffer, options: GetOptions): Partial<ContentsModel> {
  const isText = options.format !== 'base64' && isUtf8(bytes)
  if (options.format === 'text' && !isText) {
    throw new CygnetError('bad-request', `${shown(model.path)} is not UTF-8 encoded.`, {
      mend: 'Download it, or convert it to UTF-8 first.',
    })
  }
  const format: ContentFormat = isText ? 'text' : 'base64'
  return {
    content: bytes.toString(isText ? 'utf8' : 'base64'),
    format,
    mimetype: model.mimetype ?? (isText ? 'text/plain' : 'application/octet-stream'),
  }
}

async function hashFile(file: FileHandle): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of file.createReadStream({ autoClose: false, highWaterMark: 256 * 1024 }))
    hash.update(piece as Buffer)
  return hash.digest('hex')
}
