import type { IncomingMessage } from 'node:http'
import { rm } from 'node:fs/promises'
import { CygnetError, isSystemError } from '@cygnet/core/errors'
import { ExactNumber, parseClientJson } from '@cygnet/core/python-json'
import { checkLength, cutOff, parseJson, readBody, tooLarge } from '../http/read-body.ts'
import { isObject, type JsonObject } from '../notebook-format/notebook.ts'
import { ContentSplitter } from './content-splitter.ts'
import { openTemporary } from './open-temporary.ts'
import { diskFull } from './replacement.ts'

/** Up to here a body is simply held in memory. */
const smallBody = 8 * 1024 * 1024
/** What a notebook may have; JavaScript's longest string is half a gigabyte. */
const largestNotebook = 400 * 1024 * 1024

export interface SaveBody {
  /** Undefined where the request had no body. `content` is a {@link SpooledText} where it is a very long string. */
  value: JsonObject | undefined
  /** Removes what was kept on disk. */
  dispose(): Promise<void>
}

/**
 * Reads the body of a save of up to `limit` bytes. A long `content` is written into `spoolFolder` while it arrives; `path` names the file in messages.
 * @throws CygnetError `bad-request`, `too-large`, `insufficient-storage`
 */
export async function readSaveBody(
  request: IncomingMessage,
  path: string,
  limit: number,
  spoolFolder: () => Promise<string>,
): Promise<SaveBody> {
  checkLength(request, limit)
  const declared = request.headers['content-length']
  if (declared !== undefined && Number(declared) <= smallBody) {
    return { value: objectOf(await readBody(request, smallBody)), dispose: async () => undefined }
  }
  return readLarge(request, path, limit, await spoolFolder())
}

async function readLarge(request: IncomingMessage, path: string, limit: number, folder: string): Promise<SaveBody> {
  const splitter = new ContentSplitter(Math.min(limit, largestNotebook))
  const spool = await openTemporary(folder)
  async function dispose(): Promise<void> {
    await spool.file.close()
    await rm(spool.path, { force: true })
  }
  try {
    let size = 0
    for await (const piece of request as AsyncIterable<Buffer>) {
      size += piece.length
      if (size > limit) throw tooLarge(limit)
      const text = splitter.push(piece)
      if (text !== '') await spool.file.writeFile(text)
    }
    const value = objectOf(splitter.end())
    if (splitter.wasSplit && value !== undefined) value['content'] = { file: spool.file }
    return { value, dispose }
  } catch (error) {
    await dispose()
    if (isSystemError(error, 'ENOSPC', 'EDQUOT')) throw diskFull(path, error)
    throw isSystemError(error, 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE') ? cutOff(error) : error
  }
}

function objectOf(body: Buffer): JsonObject | undefined {
  const value = parseJson(body, parseClientJson)
  if (value === undefined || value === null) return undefined
  if (isObject(value)) {
    // Only the content may hold such numbers.
    if (value['chunk'] instanceof ExactNumber) value['chunk'] = Number(value['chunk'].text)
    return value
  }
  throw new CygnetError('bad-request', 'The body must be a JSON object.')
}
