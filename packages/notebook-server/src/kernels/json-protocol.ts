import { CygnetError } from '@cygnet/core/errors'
import { parsePythonJson } from '@cygnet/core/python-json'
import { z } from 'zod'
import { parseHeader, toJson, type KernelMessage } from './kernel-message.ts'
import { toChannel } from './to-channel.ts'

/** Jupyter's first WebSocket format: JSON text with the channel in it, or binary where there are buffers. */
export function encodeJson(message: KernelMessage): string | Buffer {
  const [header, parent, metadata, content, ...buffers] = message.frames
  const { msg_id, msg_type } = parseHeader(header)
  // The frames are JSON already: parsing them to write them again would cost most of the time.
  const text =
    `{"header":${String(header)},"msg_id":${JSON.stringify(msg_id ?? '')},"msg_type":${JSON.stringify(msg_type ?? '')},` +
    `"parent_header":${String(parent)},"metadata":${String(metadata)},"content":${String(content)},` +
    `"buffers":[],"channel":"${message.channel}"}`
  if (buffers.length === 0) return text
  return joinParts([Buffer.from(text), ...buffers])
}

const clientMessage = z.looseObject({
  channel: z.string().default('shell'),
  header: z.record(z.string(), z.unknown()),
  parent_header: z.record(z.string(), z.unknown()).nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
  content: z.unknown().optional(),
})

/** @throws CygnetError `bad-request` where it is no message */
export function decodeJson(data: Buffer, isBinary: boolean): KernelMessage {
  const [text, ...buffers] = isBinary ? splitParts(data) : [data]
  const result = clientMessage.safeParse(parseExactly(text?.toString() ?? ''))
  if (!result.success) throw toMalformed(z.prettifyError(result.error))
  const { channel, header, parent_header, metadata, content } = result.data
  return {
    channel: toChannel(channel),
    frames: [toJson(header), toJson(parent_header ?? {}), toJson(metadata ?? {}), toJson(content ?? {}), ...buffers],
  }
}

/** u32 big-endian: the number of parts, then each part's offset from the start; then the parts, JSON first. */
function joinParts(parts: Buffer[]): Buffer {
  const head = Buffer.alloc(4 * (parts.length + 1))
  head.writeUInt32BE(parts.length, 0)
  let offset = head.length
  for (const [index, part] of parts.entries()) {
    head.writeUInt32BE(offset, 4 * (index + 1))
    offset += part.length
  }
  return Buffer.concat([head, ...parts], offset)
}

function splitParts(data: Buffer): Buffer[] {
  const count = data.length < 8 ? 0 : data.readUInt32BE(0)
  if (count < 1 || 4 * (count + 1) > data.length) throw toMalformed(`${count} parts in ${data.length} bytes`)
  const offsets: number[] = []
  for (let index = 1; index <= count; index++) offsets.push(data.readUInt32BE(4 * index))
  return offsets.map((start, index) => {
    const end = offsets[index + 1] ?? data.length
    if (start < 4 * (count + 1) || end < start || end > data.length) throw toMalformed(`a part from ${start} to ${end}`)
    return data.subarray(start, end)
  })
}

/** Numbers that a double cannot hold go through as they were written. */
function parseExactly(text: string): unknown {
  try {
    return parsePythonJson(text)
  } catch (cause) {
    throw toMalformed('it is no JSON', cause)
  }
}

function toMalformed(why: string, cause?: unknown): CygnetError {
  return new CygnetError('bad-request', `A message is no message of Jupyter's WebSocket format: ${why}.`, { cause })
}
