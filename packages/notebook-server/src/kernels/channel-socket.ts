import { fromSocketFrames, sizeOf, toSocketFrames, type Channel, type KernelMessage } from './kernel-message.ts'
import { createDealer, type Zmq } from './zmq.ts'

/** One client's end of one channel. The kernel sends replies to this client only, by its routing id. */
export interface ChannelSocket {
  /** Never waits: see `waitingBytes`. */
  send(message: KernelMessage): void
  /** Resolves once the kernel knows this client: what it sends before that is lost. */
  readonly connected: Promise<void>
  /** Bytes that the kernel has not taken yet, for the caller to hold back its source. */
  readonly waitingBytes: number
  close(): void
}

export interface ChannelSocketOptions {
  channel: Channel
  address: string
  key: string
  /** The same for a client's shell and stdin, or `input()` would find nobody. */
  routingId: string
  onMessage: (message: KernelMessage) => void
  /** All that waited was taken. */
  onDrain?: () => void
}

export function openChannelSocket(zmq: Zmq, options: ChannelSocketOptions): ChannelSocket {
  const { channel, key, onMessage, onDrain } = options
  const socket = createDealer(zmq, options.routingId)
  const connected = Promise.withResolvers<void>()
  socket.events.on('handshake', () => connected.resolve())
  socket.connect(options.address)
  const queue: KernelMessage[] = []
  let waitingBytes = 0
  let isSending = false

  async function flush(): Promise<void> {
    isSending = true
    // ZeroMQ takes one blocked send at a time.
    for (let message = queue.shift(); message !== undefined && !socket.closed; message = queue.shift()) {
      await socket.send(toSocketFrames(message.frames, key)).catch(() => undefined)
      waitingBytes -= sizeOf(message)
    }
    isSending = false
    if (!socket.closed) onDrain?.()
  }

  async function receive(): Promise<void> {
    for await (const frames of socket) {
      const message = fromSocketFrames(channel, frames)
      if (message !== undefined) onMessage(message)
    }
  }

  receive().catch(() => socket.close())
  return {
    connected: connected.promise,
    get waitingBytes() {
      return waitingBytes
    },
    send(message) {
      if (socket.closed) return
      queue.push(message)
      waitingBytes += sizeOf(message)
      if (!isSending) void flush()
    },
    close() {
      queue.length = 0
      socket.close()
    },
  }
}
