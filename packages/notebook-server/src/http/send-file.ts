import type { FileHandle } from 'node:fs/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { CygnetError } from '@cygnet/core/errors'
import { matchesEtag } from './send-answer.ts'

export interface FileAnswer {
  /** Of the answer, with a charset where it is text. */
  type: string
  cacheControl: string
  /** Tells one content from another; made of size and time where it is left out. */
  etag?: string
  /** `br` where the open file is the compressed form. */
  coding?: 'br'
}

/** Sends an open file, or the range that is asked for, and closes it. Answers 304 to a client that has it. */
export async function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  file: FileHandle,
  answer: FileAnswer,
): Promise<FastifyReply> {
  try {
    const status = await file.stat()
    const etag = answer.etag ?? `"${status.size.toString(36)}-${Math.round(status.mtimeMs * 1000).toString(36)}"`
    reply
      .header('etag', etag)
      .header('last-modified', status.mtime.toUTCString())
      .header('cache-control', answer.cacheControl)
    reply.type(answer.type)
    if (answer.coding === undefined) reply.header('accept-ranges', 'bytes')
    else reply.header('content-encoding', answer.coding)
    if (isNotModified(request, etag, status.mtimeMs)) {
      await file.close()
      return reply.code(304).send()
    }
    const range = answer.coding === undefined ? requestedRange(request, reply, etag, status.size) : undefined
    const { start, end } = range ?? { start: 0, end: status.size - 1 }
    if (range !== undefined) reply.code(206).header('content-range', `bytes ${start}-${end}/${status.size}`)
    reply.header('content-length', end - start + 1)
    if (request.method === 'HEAD' || status.size === 0) {
      await file.close()
      return reply.send(request.method === 'HEAD' ? undefined : '')
    }
    return reply.send(file.createReadStream({ start, end, highWaterMark: 128 * 1024 }))
  } catch (error) {
    await file.close().catch(() => undefined)
    throw error
  }
}

function isNotModified(request: FastifyRequest, etag: string, mtimeMs: number): boolean {
  const tags = request.headers['if-none-match']
  if (tags !== undefined) return matchesEtag(tags, etag)
  const since = Date.parse(request.headers['if-modified-since'] ?? '')
  return Number.isFinite(since) && Math.floor(mtimeMs / 1000) * 1000 <= since
}

/** One range; several, or one of another form, are ignored as RFC 9110 permits. */
function requestedRange(
  request: FastifyRequest,
  reply: FastifyReply,
  etag: string,
  size: number,
): { start: number; end: number } | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '')
  const condition = request.headers['if-range']
  if (match === null || (condition !== undefined && condition !== etag)) return undefined
  const [, first = '', last = ''] = match
  if (first === '' && last === '') return undefined
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (start >= size || (first === '' && Number(last) === 0)) {
    reply.header('content-range', `bytes */${size}`)
    throw new CygnetError('range-not-satisfiable', `The file has ${size} bytes; the range begins beyond them.`)
  }
  return start > end ? undefined : { start, end }
}
