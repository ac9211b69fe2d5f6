import type { FastifyRequest } from 'fastify'
import { CygnetError } from '@cygnet/core/errors'
import type { SpaceEntry } from '@cygnet/storage/entry'
import type { Space } from '@cygnet/storage/space'
import { parseEtags } from './conditions.ts'
import { whileMoving, type Exchange } from './exchange.ts'

/** Writes a request's body into a tree as it comes. Where that is refused, the rest of the body is not waited for. */
export async function receiveFile(
  exchange: Exchange,
  space: Space,
  path: string,
  overwrite: boolean,
): Promise<SpaceEntry> {
  const { request } = exchange
  refuseParts(request)
  const ifMatch = parseEtags(request.headers['if-match'])
  const length = lengthOf(request)
  try {
    return await whileMoving(exchange, () =>
      space.write(path, bodyOf(exchange), {
        overwrite: overwrite || ifMatch !== undefined,
        ...(length !== undefined && { length }),
        ...(ifMatch !== undefined && { ifMatch }),
      }),
    )
  } catch (cause) {
    const isCut = request.raw.destroyed && !request.raw.complete
    throw isCut ? new CygnetError('bad-request', 'The upload was cut; nothing was changed.', { cause }) : cause
  }
}

function bodyOf({ request, reply }: Exchange): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      // Who asks before sending is told only now, when what can be known beforehand is known.
      if (request.headers.expect !== undefined) {
        reply.removeHeader('connection')
        reply.raw.writeContinue()
      }
      // Once all has come, the disk may take its time.
      request.raw.once('end', () => request.raw.socket.setTimeout(0))
      // Leaving early must not cut the connection, over which the refusal still goes.
      return request.raw.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array>
    },
  }
}

function lengthOf(request: FastifyRequest): number | undefined {
  const header = request.headers['content-length']
  return header === undefined ? undefined : Number(header)
}

/** A part or an encoding taken for the whole would be a broken file (RFC 9110, 14.5 and 8.4). */
function refuseParts(request: FastifyRequest): void {
  if (request.headers['content-range'] !== undefined) {
    throw new CygnetError('bad-request', 'A part of a file cannot be written.', { mend: 'Send the whole file.' })
  }
  const encoding = request.headers['content-encoding'] ?? 'identity'
  if (encoding === 'identity') return
  throw new CygnetError('bad-request', `A body in the encoding “${encoding}” is not taken.`, {
    mend: 'Send the file as it is.',
  })
}
