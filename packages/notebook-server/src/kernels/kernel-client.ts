import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '@cygnet/core/log'
import type { WebSocket } from 'ws'
import { createBacklog, type BacklogLimits } from './backlog.ts'
import { openChannelSocket, type ChannelSocket } from './channel-socket.ts'
import type { Connection } from './connection.ts'
import { decodeJson, encodeJson } from './json-protocol.ts'
import type { KernelMessage } from './kernel-message.ts'
import type { PendingRequests } from './pending-requests.ts'
import { decodeV1, encodeV1, v1Protocol } from './v1-protocol.ts'
import type { Zmq } from './zmq.ts'

/** Bytes that may wait in a WebSocket before messages are held back. */
const socketBytes = 1024 * 1024
/** Bytes that may wait for the kernel before no more is read from the client. */
const kernelBytes = 8 * 1024 * 1024
/** A kernel that does not answer on all channels after so long is used all the same. */
const connectMs = 2000

/**
 * One client of a kernel, known by its session id: the WebSocket that it has now, or the messages that wait until it comes
 * back, and sockets of its own to the kernel, which sends replies to whom they belong.
 */
export interface KernelClient {
  readonly sessionId: string
  readonly isAttached: boolean
  /** Takes the place of a WebSocket that it had before; what waits is sent first. */
  attach(webSocket: WebSocket): void
  /** The kernel's process is there (again): what the client sent meanwhile goes to it. */
  connect(zmq: Zmq, connection: Connection): void
  /** The kernel's process is gone; what the client sends is held for the next one, or dropped where there will be none. */
  disconnect(held: 'hold' | 'drop'): void
  deliver(message: KernelMessage): void
  close(code: number, reason: string): void
}

export interface KernelClientOptions {
  sessionId: string
  limits: BacklogLimits
  logger: Logger
  /** It sent a message. */
  onInput: (message: KernelMessage) => void
  /** Knows what the kernel owes to this client. */
  pending: PendingRequests
  /** It sent a message for which there is no kernel, nor will there be one. */
  onRefused: (message: KernelMessage, answer: (message: KernelMessage) => void) => void
  /** Its WebSocket was closed, by whomever. */
  onDetach: () => void
}

type Sockets = Record<'shell' | 'control' | 'stdin', ChannelSocket>

type Upstream = { at: 'connecting' | 'connected'; sockets: Sockets } | { at: 'hold' } | { at: 'drop' }

export function createKernelClient(options: KernelClientOptions): KernelClient {
  const { sessionId, logger } = options
  const backlog = createBacklog(options.limits, pump)
  let webSocket: WebSocket | undefined
  let upstream: Upstream = { at: 'hold' }
  let held: KernelMessage[] = []

  function sendNow(target: WebSocket, message: KernelMessage): void {
    target.send(target.protocol === v1Protocol ? encodeV1(message) : encodeJson(message), pump)
  }

  /** Sends what waits, as far as the client takes it. */
  function pump(): void {
    const target = webSocket
    if (target === undefined) return
    while (canTake(target)) {
      const message = backlog.shift()
      if (message === undefined) return
      sendNow(target, message)
    }
  }

  function forward(message: KernelMessage): void {
    if (message.channel === 'iopub') return
    if (upstream.at === 'drop') return options.onRefused(message, (answer) => client.deliver(answer))
    if (upstream.at !== 'connected') {
      held.push(message)
      webSocket?.pause()
      return
    }
    const socket = upstream.sockets[message.channel]
    options.pending.add(message, (answer) => client.deliver(answer))
    socket.send(message)
    if (socket.waitingBytes > kernelBytes) webSocket?.pause()
  }

  /** Lets the kernel have what was held, once it could answer on each channel: it could ask for input at once. */
  async function release(sockets: Sockets): Promise<void> {
    const connecting: Upstream = { at: 'connecting', sockets }
    upstream = connecting
    const all = Promise.all(Object.values(sockets).map((socket) => socket.connected))
    await Promise.race([all, delay(connectMs, undefined, { ref: false })])
    if (upstream !== connecting) return
    upstream = { at: 'connected', sockets }
    const messages = held
    held = []
    for (const message of messages) forward(message)
    webSocket?.resume()
  }

  function receive(source: WebSocket, data: Buffer, isBinary: boolean): void {
    try {
      const message = source.protocol === v1Protocol ? decodeV1(data) : decodeJson(data, isBinary)
      options.onInput(message)
      forward(message)
    } catch (error) {
      logger.warn({ error: String(error), session: sessionId }, 'A client sent a message that is none; it is ignored.')
    }
  }

  const client: KernelClient = {
    sessionId,
    get isAttached() {
      return webSocket !== undefined
    },
    attach(next) {
      const previous = webSocket
      webSocket = next
      next.on('message', (data: Buffer, isBinary) => receive(next, data, isBinary))
      next.once('close', () => {
        if (webSocket !== next) return
        webSocket = undefined
        options.onDetach()
      })
      previous?.close(1001, 'The same session connected again.')
      pump()
    },
    connect(zmq, connection) {
      client.disconnect('hold')
      const routingId = randomUUID()
      const open = (channel: 'shell' | 'control' | 'stdin'): ChannelSocket =>
        openChannelSocket(zmq, {
          channel,
          address: connection.address(channel),
          key: connection.key,
          routingId,
          onMessage(message) {
            options.pending.settle(message)
            client.deliver(message)
          },
          onDrain: () => webSocket?.resume(),
        })
      void release({ shell: open('shell'), control: open('control'), stdin: open('stdin') })
    },
    disconnect(next) {
      if ('sockets' in upstream) for (const socket of Object.values(upstream.sockets)) socket.close()
      upstream = next === 'hold' ? { at: 'hold' } : { at: 'drop' }
      if (next === 'hold') return
      held = []
      webSocket?.resume()
    },
    deliver(message) {
      if (backlog.isEmpty && webSocket !== undefined && canTake(webSocket)) return sendNow(webSocket, message)
      backlog.push(message)
      // Nothing may be on its way whose arrival would call for more.
      if (webSocket?.bufferedAmount === 0) pump()
    },
    close(code, reason) {
      client.disconnect('drop')
      pump()
      backlog.clear()
      webSocket?.close(code, reason)
    },
  }
  return client
}

function canTake(webSocket: WebSocket): boolean {
  return webSocket.readyState === webSocket.OPEN && webSocket.bufferedAmount < socketBytes
}
