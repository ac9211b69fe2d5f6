import { ServerResponse, validateHeaderName, validateHeaderValue, type IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { CygnetError } from '@cygnet/core/errors'
import type { ResponseHead } from './upstream/response-head.ts'

const maxEarlyBytes = 65_536

/**
 * A response to a request for an upgrade, for the case that the server refuses: the connection ends with it.
 * @throws CygnetError where this is no network connection
 */
export function createUpgradeResponse(request: IncomingMessage, socket: Duplex): ServerResponse {
  if (!(socket instanceof Socket)) throw new CygnetError('internal', 'An upgrade came on something that is no socket.')
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket)
  response.on('finish', () => socket.destroySoon())
  return response
}

/**
 * Keeps what the client sends before the protocol is switched, and notices when it goes away.
 * @returns a function that ends this and gives what came
 */
export function holdEarlyData(socket: Duplex, head: Buffer): () => Buffer {
  const pieces = [head]
  let bytes = 0
  const keep = (piece: Buffer): void => {
    pieces.push(piece)
    bytes += piece.length
    if (bytes > maxEarlyBytes) socket.pause()
  }
  const leave = (): void => void socket.destroy()
  socket.on('data', keep).on('end', leave)
  return () => {
    socket.off('data', keep).off('end', leave)
    socket.pause()
    return Buffer.concat(pieces)
  }
}

/**
 * Tells the client that the protocol was switched.
 * @returns false where the server's fields are none that could be sent; nothing was sent then
 */
export function writeSwitch(response: ServerResponse, socket: Duplex, head: ResponseHead, fields: string[]): boolean {
  let text = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
  try {
    for (let index = 0; index < fields.length; index += 2) {
      const name = fields[index] ?? ''
      const value = fields[index + 1] ?? ''
      validateHeaderName(name)
      validateHeaderValue(name, value)
      // A response that switches has no body (RFC 9110, 8.6).
      if (name.toLowerCase() !== 'content-length') text += `${name}: ${value}\r\n`
    }
  } catch {
    return false
  }
  if (socket instanceof Socket) response.detachSocket(socket)
  socket.write(`${text}\r\n`, 'latin1')
  return head.status === 101
}
