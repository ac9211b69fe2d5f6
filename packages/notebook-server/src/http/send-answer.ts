import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { isKnown } from './conditions.ts'

/** Less than a network packet is not worth the work. */
const smallest = 1400

const compressible = /^(?:text\/|application\/(?:json|javascript|x-ipynb\+json|yaml)|image\/svg)/

/**
 * Gives what handlers answer with as text an ETag, answers 304 where the client has it, and compresses it.
 * Streams (files) are left alone: they see to it themselves.
 */
export function compressAnswers(app: FastifyInstance): void {
  app.addHook('onSend', async (request, reply, payload) => {
    if (typeof payload !== 'string' && !Buffer.isBuffer(payload)) return payload
    if (payload.length < smallest || reply.hasHeader('content-encoding')) return payload
    if (!compressible.test(String(reply.getHeader('content-type') ?? ''))) return payload
    reply.header('vary', 'Accept-Encoding')
    if (isFresh(request, reply, payload)) {
      reply.code(304)
      return null
    }
    return compress(request, reply, payload)
  })
}

/** The codings this server sends that a client takes, the better first. */
export function acceptedCodings(header: string | string[] | undefined): Array<'br' | 'gzip'> {
  const offered = String(header ?? '')
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => !/;\s*q=0(?:\.0*)?$/.test(coding))
    .map((coding) => coding.split(';')[0])
  return (['br', 'gzip'] as const).filter((coding) => offered.includes(coding))
}

function isFresh(request: FastifyRequest, reply: FastifyReply, payload: string | Buffer): boolean {
  if (reply.statusCode !== 200 || (request.method !== 'GET' && request.method !== 'HEAD')) return false
  // Weak: the same answer may be sent compressed or not.
  const etag = `W/"${createHash('sha1').update(payload).digest('base64url')}"`
  reply.header('etag', etag)
  if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-cache')
  return isKnown(request.headers, etag)
}

const gzipAsync = promisify(gzip)
const brotliAsync = promisify(brotliCompress)

async function compress(
  request: FastifyRequest,
  reply: FastifyReply,
  payload: string | Buffer,
): Promise<string | Buffer> {
  const [coding] = acceptedCodings(request.headers['accept-encoding'])
  if (coding === undefined) return payload
  reply.header('content-encoding', coding).removeHeader('content-length')
  const bytes = Buffer.from(payload)
  if (coding === 'gzip') return gzipAsync(bytes, { level: 5 })
  return brotliAsync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 4, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  })
}
