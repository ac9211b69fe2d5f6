import { setTimeout as delay } from 'node:timers/promises'
import { randomUUID } from 'node:crypto'
import { openChannelSocket } from './channel-socket.ts'
import type { Connection } from './connection.ts'
import { createMessage, fromSocketFrames, parseHeader, parseObject, type KernelMessage } from './kernel-message.ts'
import { createSubscriber, type Zmq } from './zmq.ts'

/** The server's own connection to one kernel process: all that it publishes, and requests of the server's own. */
export interface KernelLink {
  /** Resolves with the reply's content. Rejects with the signal's reason. */
  request(
    channel: 'shell' | 'control',
    type: string,
    content: object,
    signal: AbortSignal,
  ): Promise<Record<string, unknown>>
  /**
   * Resolves with the content of kernel_info_reply once the kernel answers and its publications arrive here, so that
   * nothing is lost that a client asks for from then on.
   */
  waitUntilReady(signal: AbortSignal): Promise<Record<string, unknown>>
  /** Resolves once all that an ended process published has been handed on. */
  drain(): Promise<void>
  close(): void
}

export function openKernelLink(
  zmq: Zmq,
  connection: Connection,
  onPublished: (message: KernelMessage) => void,
): KernelLink {
  const routingId = `cygnet-${randomUUID()}`
  const waiting = new Map<string, (content: Record<string, unknown>) => void>()
  const disconnected = Promise.withResolvers<void>()
  let hasPublished = false

  const subscriber = createSubscriber(zmq)
  subscriber.events.on('disconnect', () => disconnected.resolve())
  subscriber.connect(connection.address('iopub'))
  async function receive(): Promise<void> {
    for await (const frames of subscriber) {
      const message = fromSocketFrames('iopub', frames)
      if (message === undefined) continue
      hasPublished = true
      onPublished(message)
    }
  }
  receive().catch(() => subscriber.close())

  const onReply = (message: KernelMessage): void => {
    const id = parseHeader(message.frames[1]).msg_id
    if (id !== undefined) waiting.get(id)?.(parseObject(message.frames[3]))
  }
  const open = (channel: 'shell' | 'control') =>
    openChannelSocket(zmq, {
      channel,
      address: connection.address(channel),
      key: connection.key,
      routingId,
      onMessage: onReply,
    })
  const sockets = { shell: open('shell'), control: open('control') }

  const link: KernelLink = {
    async request(channel, type, content, signal) {
      signal.throwIfAborted()
      const message = createMessage(channel, type, content)
      const id = parseHeader(message.frames[0]).msg_id ?? ''
      const { promise, resolve, reject } = Promise.withResolvers<Record<string, unknown>>()
      const abort = (): void => reject(signal.reason as Error)
      signal.addEventListener('abort', abort)
      waiting.set(id, resolve)
      sockets[channel].send(message)
      try {
        return await promise
      } finally {
        waiting.delete(id)
        signal.removeEventListener('abort', abort)
      }
    },
    async waitUntilReady(signal) {
      // A subscription takes effect a moment after the connection: what the first answer published may be lost.
      // A kernel that answers and never publishes is let through after a while.
      for (let attempt = 1; ; attempt++) {
        const info = await link.request('shell', 'kernel_info_request', {}, signal)
        if (hasPublished || attempt > 50) return info
        await delay(Math.min(5 * attempt, 200), undefined, { signal })
      }
    },
    async drain() {
      const limit = AbortSignal.timeout(1000)
      await Promise.race([disconnected.promise, delay(1000, undefined, { ref: false })])
      while (!subscriber.closed && subscriber.readable && !limit.aborted) {
        await delay(1)
      }
    },
    close() {
      for (const socket of Object.values(sockets)) socket.close()
      subscriber.close()
    },
  }
  return link
}
