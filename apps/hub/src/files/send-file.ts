import { CygnetError } from '@cygnet/core/errors'
import type { OpenFile } from '@cygnet/storage/read'
import type { Space } from '@cygnet/storage/space'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { checkConditions, isSameForRange } from './conditions.ts'
import { toContentPolicy, toInlineType } from './content-type.ts'
import { toDisposition } from './disposition.ts'
import { answerBytes, type Exchange } from './exchange.ts'
import { parseRange } from './ranges.ts'

export interface SendOptions {
  path: string
  /** To be kept as a file instead of shown in place. */
  download: boolean
  cacheControl: string
}

/** Answers with a file or a range of it, or that the reader has it already. Whatever it is, it can do nothing in its page. */
export async function sendFile(exchange: Exchange, space: Space, options: SendOptions): Promise<undefined> {
  const { request, reply } = exchange
  await using file = await space.open(options.path)
  const answer = chooseAnswer(request, reply, file)
  setHeaders(reply, file, options)
  if (answer === 'not-modified') {
    void reply.code(304).removeHeader('content-type')
    return await answerBytes(exchange, async () => undefined)
  }
  const { start, end, isPart } = answer
  if (isPart) void reply.code(206).header('content-range', `bytes ${start}-${end - 1}/${file.entry.size}`)
  void reply.header('content-length', end - start)
  return await answerBytes(exchange, (target) => file.copyTo(target, start, end))
}

/** @throws CygnetError `precondition-failed`, `range-not-satisfiable` */
function chooseAnswer(request: FastifyRequest, reply: FastifyReply, { entry }: OpenFile) {
  const conditions = checkConditions(request.headers, entry.etag, entry.modified)
  if (conditions === 'failed') throw new CygnetError('precondition-failed', 'The file is not what it was.')
  if (conditions === 'not-modified') return conditions
  const usable = isSameForRange(request.raw.headers['if-range'], entry.etag, entry.modified)
  const range = parseRange(usable ? request.headers.range : undefined, entry.size)
  if (range.kind === 'part') return { start: range.start, end: range.end, isPart: true }
  if (range.kind === 'whole') return { start: 0, end: entry.size, isPart: false }
  void reply.header('content-range', `bytes */${entry.size}`)
  throw new CygnetError('range-not-satisfiable', `The file has ${entry.size} bytes; that range is not in it.`)
}

function setHeaders(reply: FastifyReply, file: OpenFile, options: SendOptions): void {
  const { name, mediaType, etag, modified } = file.entry
  const contentType = options.download ? mediaType : toInlineType(mediaType)
  void reply
    .header('content-type', contentType)
    .header('content-disposition', toDisposition(options.download ? 'attachment' : 'inline', name))
    .header('content-security-policy', toContentPolicy(contentType))
    .header('x-content-type-options', 'nosniff')
    .header('cache-control', options.cacheControl)
    .header('accept-ranges', 'bytes')
    .header('etag', etag)
    .header('last-modified', modified.toUTCString())
}
