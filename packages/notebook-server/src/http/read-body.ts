import type { IncomingMessage } from 'node:http'
import { CygnetError } from '@cygnet/core/errors'
import { isObject, type JsonObject } from '../notebook-format/notebook.ts'

/** Enough for everything but a file's content. */
const ordinary = 16 * 1024 * 1024

/**
 * The whole body.
 * @throws CygnetError `too-large` before more than `limit` bytes are held, `bad-request` where the client went away
 */
export async function readBody(request: IncomingMessage, limit = ordinary): Promise<Buffer> {
  checkLength(request, limit)
  const pieces: Buffer[] = []
  let size = 0
  try {
    for await (const piece of request as AsyncIterable<Buffer>) {
      size += piece.length
      if (size > limit) throw tooLarge(limit)
      pieces.push(piece)
    }
  } catch (cause) {
    throw cause instanceof CygnetError ? cause : cutOff(cause)
  }
  return Buffer.concat(pieces)
}

/** The body as JSON, whatever its media type says; undefined where there is none. */
export async function readJson(request: IncomingMessage, limit?: number): Promise<unknown> {
  return parseJson(await readBody(request, limit))
}

/** The body as a JSON object; undefined where there is none. @throws CygnetError `bad-request` for anything else */
export async function readJsonObject(request: IncomingMessage, limit?: number): Promise<JsonObject | undefined> {
  const value = await readJson(request, limit)
  if (value === undefined || value === null || isObject(value)) return value ?? undefined
  throw new CygnetError('bad-request', 'The body must be a JSON object.')
}

/** @param parse - another way to read the text; it throws where that cannot be */
export function parseJson(body: Buffer, parse: (text: string) => unknown = JSON.parse): unknown {
  const text = body.toString('utf8').trim()
  if (text === '') return undefined
  try {
    return parse(text)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.slice(0, 200) : String(cause)
    throw new CygnetError('bad-request', `Invalid JSON in body of request: ${reason}.`, { cause })
  }
}

export function checkLength(request: IncomingMessage, limit: number): void {
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge(limit)
}

export function tooLarge(limit: number): CygnetError {
  return new CygnetError('too-large', `The body is larger than ${limit} bytes.`, {
    mend: 'Upload large files in pieces, as JupyterLab does, or through the portal.',
  })
}

export function cutOff(cause: unknown): CygnetError {
  return new CygnetError('bad-request', 'The request was cut off before its end; nothing was changed.', { cause })
}
