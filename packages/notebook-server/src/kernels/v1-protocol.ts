import { CygnetError } from '@cygnet/core/errors'
import type { KernelMessage } from './kernel-message.ts'
import { toChannel } from './to-channel.ts'

/** The WebSocket sub-protocol that carries the frames as they are (jupyter-server.readthedocs.io, "WebSocket protocols"). */
export const v1Protocol = 'v1.kernel.websocket.jupyter.org'

/**
 * A message as u64 little-endian numbers (how many offsets there are, then the offsets: of the channel's name, of each
 * frame, and last the total length), followed by the name and the frames.
 */
export function encodeV1(message: KernelMessage): Buffer {
  return message.v1 ?? Buffer.concat(toV1Parts(message))
}

/** The same in pieces: a head of its own, and the message's frames, not copied. */
export function toV1Parts(message: KernelMessage): Buffer[] {
  const parts = [Buffer.from(message.channel), ...message.frames]
  const head = Buffer.alloc(8 * (parts.length + 2))
  head.writeUInt32LE(parts.length + 1, 0)
  let offset = head.length
  for (const [index, part] of parts.entries()) {
    writeOffset(head, 8 * (index + 1), offset)
    offset += part.length
  }
  writeOffset(head, 8 * (parts.length + 1), offset)
  return [head, ...parts]
}

/** @throws CygnetError `bad-request` where the bytes are no such message */
export function decodeV1(data: Buffer): KernelMessage {
  const count = readOffset(data, 0)
  if (!(count >= 6 && 8 * (count + 1) <= data.length)) throw toMalformed(`${count} parts in ${data.length} bytes`)
  const parts: Buffer[] = []
  let start = readOffset(data, 8)
  if (start < 8 * (count + 1)) throw toMalformed(`the channel's name begins at ${start}`)
  for (let index = 2; index <= count; index++) {
    const end = readOffset(data, 8 * index)
    if (!(end >= start && end <= data.length)) throw toMalformed(`a part from ${start} to ${end}`)
    parts.push(data.subarray(start, end))
    start = end
  }
  const [channel, ...frames] = parts
  return { channel: toChannel(channel?.toString()), frames }
}

function writeOffset(data: Buffer, at: number, value: number): void {
  data.writeUIntLE(value, at, 6)
}

/** NaN for numbers beyond any length that can be. */
function readOffset(data: Buffer, at: number): number {
  if (at + 8 > data.length) return Number.NaN
  return data.readUInt16LE(at + 6) === 0 ? data.readUIntLE(at, 6) : Number.NaN
}

function toMalformed(why: string): CygnetError {
  return new CygnetError('bad-request', `A message is not in the format of ${v1Protocol}: ${why}.`)
}
