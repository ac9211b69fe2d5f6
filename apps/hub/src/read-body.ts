import { CygnetError } from '@cygnet/core/errors'
import type { IncomingMessage } from 'node:http'

const patience = 30_000

/**
 * Reads a short body as text.
 * @param limit - bytes
 * @throws CygnetError `too-large`, `bad-request` where it is compressed, cut off or no UTF-8, `timeout` after half a minute
 */
export async function readBody(request: IncomingMessage, limit: number): Promise<string> {
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity')
    throw new CygnetError('bad-request', 'The body must not be compressed.')
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge(limit)
  const bytes = await collect(request, limit)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new CygnetError('bad-request', 'The body is no UTF-8 text.', { cause })
  }
}

/** Reads a JSON body of at most 1 MiB; undefined where there is none. @throws CygnetError `bad-request` and as {@link readBody} */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const text = await readBody(request, 1024 * 1024)
  if (text.trim() === '') return undefined
  try {
    return JSON.parse(text, hasPrototype(text) ? withoutPrototype : undefined) as unknown
  } catch (cause) {
    throw new CygnetError('bad-request', 'The body is no valid JSON.', { cause })
  }
}

function collect(request: IncomingMessage, limit: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const chunks: Buffer[] = []
  let size = 0
  const late = new CygnetError('timeout', 'The body of the request did not arrive in time.')
  const timer = setTimeout(() => reject(late), patience)
  const onData = (chunk: Buffer): void => {
    size += chunk.length
    if (size > limit) reject(tooLarge(limit))
    else chunks.push(chunk)
  }
  const onEnd = (): void => resolve(Buffer.concat(chunks))
  const onCut = (): void => reject(new CygnetError('bad-request', 'The body of the request ended early.'))
  if (request.destroyed && !request.readableEnded) onCut()
  request.on('data', onData).on('end', onEnd).on('error', onCut).on('close', onCut)
  return promise.finally(() => {
    clearTimeout(timer)
    // The error listener stays: what goes wrong later is nobody's concern.
    request.off('data', onData).off('end', onEnd).off('close', onCut)
  })
}

function tooLarge(limit: number): CygnetError {
  return new CygnetError('too-large', `The body of the request is larger than ${limit / 1024} KiB.`)
}

function hasPrototype(text: string): boolean {
  return text.includes('__proto__') || text.includes('\\u')
}

function withoutPrototype(key: string, value: unknown): unknown {
  return key === '__proto__' ? undefined : value
}
