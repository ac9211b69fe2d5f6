import { createHmac, randomUUID } from 'node:crypto'
import { parsePythonJson } from '@cygnet/core/python-json'

export type Channel = 'shell' | 'control' | 'stdin' | 'iopub'

/**
 * One message of Jupyter's protocol as it travels: header, parent header, metadata and content as JSON text in UTF-8,
 * then binary buffers (jupyter-client.readthedocs.io/en/stable/messaging.html). Nothing of it is parsed on its way.
 */
export interface KernelMessage {
  channel: Channel
  /** At least four. */
  frames: Buffer[]
  /** The whole as the WebSocket sub-protocol writes it, where that is known already. */
  v1?: Buffer
}

export interface Header {
  msg_id: string
  session: string
  username: string
  date: string
  msg_type: string
  version: string
}

const delimiter = Buffer.from('<IDS|MSG>')

/** The frames for a kernel's socket: delimiter, signature, message. An empty key means unsigned. */
export function toSocketFrames(frames: Buffer[], key: string): Buffer[] {
  return [delimiter, Buffer.from(sign(frames, key)), ...frames]
}

/**
 * The message in the frames from a kernel's socket, or undefined where they are none.
 * The signature is not checked: the socket's folder is private, and who can read the folder can read the key in it.
 */
export function fromSocketFrames(channel: Channel, received: Buffer[]): KernelMessage | undefined {
  const start = received.findIndex((frame) => frame.equals(delimiter))
  if (start === -1 || received.length < start + 6) return undefined
  const [header = empty, parent = empty, metadata = empty, content = empty, ...buffers] = received.slice(start + 2)
  return { channel, frames: [header, parent, toPlainJson(metadata), toPlainJson(content), ...buffers] }
}

/**
 * Kernels should not send NaN and Infinity (jupyter-client itself refuses them), but some do, and no browser could read the
 * message: `null` takes their place.
 */
function toPlainJson(frame: Buffer): Buffer {
  if (!frame.includes('NaN') && !frame.includes('Infinity')) return frame
  const text = frame.toString()
  try {
    JSON.parse(text)
    return frame
  } catch {
    return withoutNaN(text) ?? frame
  }
}

function withoutNaN(text: string): Buffer | undefined {
  try {
    return Buffer.from(JSON.stringify(parsePythonJson(text)))
  } catch {
    return undefined
  }
}

/** A message of the server's own. */
export function createMessage(channel: Channel, type: string, content: object, parent: Buffer = empty): KernelMessage {
  const header: Header = {
    msg_id: randomUUID(),
    session: serverSession,
    username: 'cygnet',
    date: new Date().toISOString(),
    msg_type: type,
    version: '5.3',
  }
  return { channel, frames: [toJson(header), parent, empty, toJson(content)] }
}

export function parseHeader(frame: Buffer | undefined): Partial<Header> {
  return parseObject(frame)
}

/** The object that a frame holds; an empty one where it holds none. */
export function parseObject(frame: Buffer | undefined): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(frame?.toString() ?? '{}')
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

export function toJson(value: object): Buffer {
  return Buffer.from(JSON.stringify(value))
}

export function sizeOf(message: KernelMessage): number {
  let size = 0
  for (const frame of message.frames) size += frame.length
  return size
}

const empty = Buffer.from('{}')
const serverSession = randomUUID()

function sign(frames: Buffer[], key: string): string {
  if (key === '') return ''
  const hmac = createHmac('sha256', key)
  for (const frame of frames.slice(0, 4)) hmac.update(frame)
  return hmac.digest('hex')
}
