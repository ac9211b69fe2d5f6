import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { decodeJson } from '../kernels/json-protocol.ts'
import { decodeV1, encodeV1, v1Protocol } from '../kernels/v1-protocol.ts'
import { parseObject, toJson, type Channel, type KernelMessage } from '../kernels/kernel-message.ts'

/** A Jupyter client's side of one kernel's WebSocket. */
export interface KernelSocket extends Disposable {
  readonly webSocket: WebSocket
  /** All that arrived, in order. */
  readonly received: Received[]
  /** Sends a request and returns its id. */
  send(channel: Channel, type: string, content: object, buffers?: Buffer[], parent?: object): string
  /** The first message that fits, arrived already or not. */
  waitFor(fits: (message: Received) => boolean): Promise<Received>
  /** Runs code to its end: the reply, and all that was published for it. */
  execute(code: string, options?: object): Promise<{ reply: Received; published: Received[]; text: string }>
}

export interface Received {
  channel: Channel
  type: string
  parent: string | undefined
  content: Content
  buffers: Buffer[]
}

/** What tests look into; each kind of message has some of it. */
export interface Content {
  [key: string]: unknown
  execution_state?: string
  text?: string
  status?: string
  ename?: string
  data?: Record<string, string>
}

export type Protocol = 'v1' | 'json'

export async function openKernelSocket(
  url: string,
  kernelId: string,
  options: { protocol?: Protocol; sessionId?: string; headers?: Record<string, string> } = {},
): Promise<KernelSocket> {
  const { protocol = 'v1', sessionId, headers = {} } = options
  const query = sessionId === undefined ? '' : `?session_id=${sessionId}`
  const address = `${url.replace(/^http/, 'ws')}api/kernels/${kernelId}/channels${query}`
  const webSocket = new WebSocket(address, protocol === 'v1' ? [v1Protocol] : [], { headers })
  const received: Received[] = []
  const waiting = new Set<() => void>()
  const session = sessionId ?? randomUUID()

  webSocket.on('message', (data: Buffer, isBinary) => {
    const message = protocol === 'v1' ? decodeV1(data) : decodeJson(data, isBinary)
    received.push(toReceived(message))
    for (const look of waiting) look()
  })
  await once(webSocket, 'open')

  const socket: KernelSocket = {
    webSocket,
    received,
    send(channel, type, content, buffers = [], parent = {}) {
      const id = randomUUID()
      const header = {
        msg_id: id,
        session,
        username: 'ada',
        date: new Date().toISOString(),
        msg_type: type,
        version: '5.3',
      }
      const frames = [header, parent, {}, content].map(toJson)
      webSocket.send(protocol === 'v1' ? encodeV1({ channel, frames: [...frames, ...buffers] }) : encodeForJson())
      return id

      function encodeForJson(): string | Buffer {
        const text = JSON.stringify({ channel, header, parent_header: parent, metadata: {}, content })
        return buffers.length === 0 ? text : withBuffers(Buffer.from(text), buffers)
      }
    },
    async waitFor(fits) {
      let next = 0
      const { promise, resolve } = Promise.withResolvers<Received>()
      const look = (): void => {
        for (; next < received.length; next++) {
          const message = received[next]
          if (message !== undefined && fits(message)) return resolve(message)
        }
      }
      waiting.add(look)
      look()
      try {
        return await promise
      } finally {
        waiting.delete(look)
      }
    },
    async execute(code, more = {}) {
      const id = socket.send('shell', 'execute_request', { ...executeContent, code, ...more })
      const reply = await socket.waitFor((message) => message.parent === id && message.type === 'execute_reply')
      await socket.waitFor((message) => message.parent === id && message.content.execution_state === 'idle')
      const published = received.filter((message) => message.parent === id && message.channel === 'iopub')
      const text = published
        .map((message) => message.content.text ?? message.content.data?.['text/plain'] ?? '')
        .join('')
      return { reply, published, text }
    },
    [Symbol.dispose]: () => webSocket.terminate(),
  }
  return socket
}

export const executeContent = {
  silent: false,
  store_history: false,
  user_expressions: {},
  allow_stdin: true,
  // Else what follows an error at once is aborted by the kernel.
  stop_on_error: false,
}

function toReceived(message: KernelMessage): Received {
  const [header, parent, , content, ...buffers] = message.frames
  return {
    channel: message.channel,
    type: String(parseObject(header)['msg_type']),
    parent: parseObject(parent)['msg_id'] as string | undefined,
    content: parseObject(content),
    buffers,
  }
}

function withBuffers(text: Buffer, buffers: Buffer[]): Buffer {
  const parts = [text, ...buffers]
  const head = Buffer.alloc(4 * (parts.length + 1))
  head.writeUInt32BE(parts.length, 0)
  let offset = head.length
  for (const [index, part] of parts.entries()) {
    head.writeUInt32BE(offset, 4 * (index + 1))
    offset += part.length
  }
  return Buffer.concat([head, ...parts])
}
