import { CygnetError } from '@cygnet/core/errors'
import type { IncomingMessage } from 'node:http'

const patience = 30_000

/** The key in the text of a body, each of its letters plain or escaped: only where it is there, the value is searched. */
const prototypeKey = new RegExp(
  `"${Array.from('__proto__', (letter) => `(?:${letter}|\\\\u00${letter.charCodeAt(0).toString(16)})`).join('')}"\\s*:`,
  'i',
)

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

/**
 * Reads a JSON body, without any `__proto__` in it; undefined where there is none.
 * @param limit - bytes
 * @throws CygnetError `bad-request` and as {@link readBody}
 */
export async function readJson(request: IncomingMessage, limit: number): Promise<unknown> {
  const text = await readBody(request, limit)
  if (text.trim() === '') return undefined
  let value: unknown
  try {
    value = JSON.parse(text) as unknown
  } catch (cause) {
    throw new CygnetError('bad-request', 'The body is no valid JSON.', { cause })
  }
  if (prototypeKey.test(text)) removePrototypes(value)
  return value
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

/** Not by recursion, which a body of nothing but brackets would exhaust. */
function removePrototypes(value: unknown): void {
  const left = [value]
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (typeof next !== 'object' || next === null) continue
    if (Object.hasOwn(next, '__proto__')) Reflect.deleteProperty(next, '__proto__')
    for (const inner of Object.values(next)) if (typeof inner === 'object' && inner !== null) left.push(inner)
  }
}
