import { randomUUID } from 'node:crypto'
import type { WebSocket } from 'ws'
import type { Connection } from './connection.ts'
import { createKernelClient, type KernelClient, type KernelClientOptions } from './kernel-client.ts'
import type { KernelMessage } from './kernel-message.ts'
import type { Zmq } from './zmq.ts'

/** For so many clients that went away messages are kept; the one that is away longest is forgotten first. */
const keptAway = 4

/** The clients of one kernel: all get what it publishes, each the replies that are its own. */
export interface KernelClients {
  /** How many have a WebSocket now. */
  readonly attached: number
  /** @param sessionId - the client's own; without one it is forgotten when it goes away */
  attach(webSocket: WebSocket, sessionId: string | undefined): void
  connect(zmq: Zmq, connection: Connection): void
  disconnect(held: 'hold' | 'drop'): void
  publish(message: KernelMessage): void
  close(): void
}

export type KernelClientsOptions = Pick<KernelClientOptions, 'limits' | 'logger' | 'onInput' | 'pending' | 'onRefused'>

export function createKernelClients(options: KernelClientsOptions): KernelClients {
  // In the order in which they came or went away last.
  const clients = new Map<string, KernelClient>()
  let reached: { zmq: Zmq; connection: Connection } | undefined
  let dropping = false

  function create(sessionId: string | undefined): KernelClient {
    const id = sessionId ?? randomUUID()
    const client = createKernelClient({
      ...options,
      sessionId: id,
      onDetach() {
        clients.delete(id)
        if (sessionId === undefined) return client.close(1001, '')
        clients.set(id, client)
        const away = [...clients.values()].filter((other) => !other.isAttached)
        for (const other of away.slice(0, Math.max(0, away.length - keptAway))) {
          clients.delete(other.sessionId)
          other.close(1001, '')
        }
      },
    })
    clients.set(id, client)
    if (reached !== undefined) client.connect(reached.zmq, reached.connection)
    else if (dropping) client.disconnect('drop')
    return client
  }

  return {
    get attached() {
      return [...clients.values()].filter((client) => client.isAttached).length
    },
    attach(webSocket, sessionId) {
      const known = sessionId === undefined ? undefined : clients.get(sessionId)
      const client = known ?? create(sessionId)
      client.attach(webSocket)
    },
    connect(zmq, connection) {
      reached = { zmq, connection }
      dropping = false
      for (const client of clients.values()) client.connect(zmq, connection)
    },
    disconnect(held) {
      reached = undefined
      dropping = held === 'drop'
      for (const client of clients.values()) client.disconnect(held)
    },
    publish(message) {
      for (const client of clients.values()) client.deliver(message)
    },
    close() {
      reached = undefined
      dropping = true
      for (const client of clients.values()) client.close(1000, 'The kernel was shut down.')
      clients.clear()
    },
  }
}
