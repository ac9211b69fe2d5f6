import type { Identities, Identity } from '@cygnet/auth/identities'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { AccountPrincipal } from './principal.ts'

/**
 * How long an answer may still take whose request has wholly come and whose sign-in has ended since: it may be the answer to
 * the very request that ended it.
 */
const lastWordsMilliseconds = 10_000

/** What goes on over the network and lives on a session or token: it is cut when that ends. */
export interface Connections {
  /** An upgraded connection. */
  keep(socket: Duplex, principal: AccountPrincipal, isAllowed: IsAllowed): void
  /** A request and its answer; one that goes on by itself, as a stream does, is cut at once. */
  keepExchange(exchange: KeptExchange, principal: AccountPrincipal, isAllowed: IsAllowed): void
  /** Cuts all upgraded connections. */
  close(): void
}

export interface KeptExchange {
  request: IncomingMessage
  response: ServerResponse
  isStream: boolean
}

/** Whether it may go on with what its user may do by now. */
export type IsAllowed = (identity: Identity) => boolean

export function createConnections(identities: Identities): Connections {
  const sockets = new Set<Duplex>()

  return {
    keep(socket, principal, isAllowed) {
      const letGo = identities.hold(principal, { end: () => socket.destroy(), isAllowed })
      sockets.add(socket)
      socket.once('close', () => {
        sockets.delete(socket)
        letGo()
      })
    },
    keepExchange(exchange, principal, isAllowed) {
      const { response } = exchange
      if (response.closed) return
      response.once('close', identities.hold(principal, { end: () => cutExchange(exchange), isAllowed }))
    },
    close() {
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** Cuts a request and its answer, because what they live on has ended. */
export function cutExchange({ request, response, isStream }: KeptExchange): void {
  // An answer that was begun must not look whole, and what still comes is not wanted any more.
  const cut = (): void => void request.socket.destroy()
  if (isStream || !request.complete) return cut()
  const timer = setTimeout(cut, lastWordsMilliseconds)
  response.once('close', () => clearTimeout(timer))
}
