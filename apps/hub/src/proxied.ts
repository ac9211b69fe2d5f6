import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { AccountPrincipal } from './principal.ts'

/** A request below `/user/<name>/` that may go to the server of that user. */
export interface Visit {
  principal: AccountPrincipal
  /** Of the path, and the principal's own: only the owner reaches a server. */
  name: string
}

/** Takes what the gate let through. Both answer every failure themselves. */
export interface ServerProxy {
  /** `request.url` is the path as it came, with its query, without the origin and without the token that signed it in. */
  request(request: IncomingMessage, response: ServerResponse, visit: Visit): void
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, visit: Visit): void
}
