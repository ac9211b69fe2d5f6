import type { FileHandle } from 'node:fs/promises'
import { CygnetError } from '@cygnet/core/errors'
import { shown } from './path.ts'

/** Text too large for memory, kept in an open file as UTF-8. Whoever made it closes it. */
export interface SpooledText {
  readonly file: FileHandle
}

export function isSpooled(content: unknown): content is SpooledText {
  return typeof content === 'object' && content !== null && 'file' in content
}

/**
 * Writes what a client sent as a file's content.
 * @throws CygnetError `bad-request` where the format is neither `text` nor `base64`
 */
export async function decodeContent(
  target: FileHandle,
  content: unknown,
  format: unknown,
  path: string,
): Promise<void> {
  if (format !== 'text' && format !== 'base64') {
    throw new CygnetError('bad-request', `The format of ${shown(path)} must be "text" or "base64".`)
  }
  if (isSpooled(content)) {
    await (format === 'text' ? copy(content.file, target) : decodeSpooled(content.file, target))
    return
  }
  if (typeof content !== 'string')
    throw new CygnetError('bad-request', `The content of ${shown(path)} must be a string.`)
  // Appended: a handle's writeFile writes at its position, which is what chunks of an upload want too.
  await target.writeFile(Buffer.from(content, format === 'text' ? 'utf8' : 'base64'))
}

async function copy(source: FileHandle, target: FileHandle): Promise<void> {
  for await (const piece of pieces(source)) await target.writeFile(piece)
}

async function decodeSpooled(source: FileHandle, target: FileHandle): Promise<void> {
  let rest = ''
  for await (const piece of pieces(source)) {
    const text = rest + piece.toString('latin1').replaceAll(/[^A-Za-z0-9+/=_-]/g, '')
    const whole = text.length - (text.length % 4)
    await target.writeFile(Buffer.from(text.slice(0, whole), 'base64'))
    rest = text.slice(whole)
  }
  if (rest !== '') await target.writeFile(Buffer.from(rest, 'base64'))
}

async function* pieces(source: FileHandle): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafe(1024 * 1024)
  for (let position = 0; ;) {
    const { bytesRead } = await source.read(buffer, 0, buffer.length, position)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
    position += bytesRead
  }
}
