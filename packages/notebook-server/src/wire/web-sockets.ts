import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { keepAlive } from './keep-alive.ts'

export interface WebSocketOptions {
  /** The sub-protocol to use where the client offers it; without one in common there is none. */
  protocol?: string
  /** The largest message a client may send, in bytes. */
  maxPayload: number
  pingMs?: number
}

/** Completes upgrades to WebSockets that are pinged while they are open. */
export interface WebSockets {
  accept(request: IncomingMessage, socket: Duplex, head: Buffer, use: (webSocket: WebSocket) => void): void
}

export function createWebSockets(options: WebSocketOptions): WebSockets {
  const { protocol } = options
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: options.maxPayload,
    handleProtocols: (offered) => (protocol !== undefined && offered.has(protocol) ? protocol : false),
  })
  return {
    accept(request, socket, head, use) {
      server.handleUpgrade(request, socket, head, (webSocket) => {
        // Whatever breaks a connection also closes it, and closing is what its users wait for.
        webSocket.on('error', () => undefined)
        keepAlive(webSocket, options.pingMs ?? 30_000)
        use(webSocket)
      })
    },
  }
}

/** Answers an upgrade that cannot be, in plain HTTP, and ends the connection. */
export function refuseUpgrade(socket: Duplex, status: string, message: string): void {
  const body = JSON.stringify({ status: Number.parseInt(status, 10), message, reason: null })
  socket.on('error', () => undefined)
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `Connection: close\r\n\r\n${body}`,
  )
}
