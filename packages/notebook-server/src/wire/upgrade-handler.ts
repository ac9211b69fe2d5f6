import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

/**
 * Takes a WebSocket upgrade that is authorised already, or leaves it: false means "not mine", with the socket untouched.
 * True means that it was answered, be it with an error. It never rejects.
 *
 * @param path - below the server's base path, without the query, beginning with `/`, still percent-encoded
 */
export type UpgradeHandler = (
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  path: string,
) => boolean | Promise<boolean>
