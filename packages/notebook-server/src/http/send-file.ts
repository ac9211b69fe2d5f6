import type { FileHandle } from 'node:fs/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { parse } from 'range-parser'
import { CygnetError } from '@cygnet/core/errors'
import { isKnown } from './conditions.ts'

/** What `range-parser` says of a header that is no list of ranges. */
const malformed = 1

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
    if (isKnown(request.headers, etag, status.mtime)) {
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

/** One range; several, or one of another form, are ignored as RFC 9110 permits. */
function requestedRange(
  request: FastifyRequest,
  reply: FastifyReply,
  etag: string,
  size: number,
): { start: number; end: number } | undefined {
  const { range: header, 'if-range': condition } = request.headers
  if (header === undefined || (condition !== undefined && condition !== etag)) return undefined
  const { code, type, ranges } = parse(size, header)
  const [range, ...others] = ranges
  if (type !== 'bytes' || (code & malformed) !== 0 || others.length > 0) return undefined
  if (range !== undefined) return range
  reply.header('content-range', `bytes */${size}`)
  throw new CygnetError('range-not-satisfiable', `The file has ${size} bytes; the range is not in them.`)
}
