import { isEnded, type Identities } from '@cygnet/auth/identities'
import type { Duplex } from 'node:stream'
import type { AccountPrincipal } from './principal.ts'

/** The upgraded connections, each living on a session or token. */
export interface Connections {
  keep(socket: Duplex, principal: AccountPrincipal): void
  /** Cuts them all. */
  close(): void
}

/** Cuts a connection as soon as what it lives on ends: no WebSocket outlives a sign-out. */
export function createConnections(identities: Identities): Connections {
  const sockets = new Map<Duplex, AccountPrincipal>()
  const stop = identities.onEnd((ended) => {
    for (const [socket, principal] of sockets) if (isEnded(principal, ended)) socket.destroy()
  })

  return {
    keep(socket, principal) {
      sockets.set(socket, principal)
      socket.once('close', () => sockets.delete(socket))
    },
    close() {
      stop()
      for (const socket of sockets.keys()) socket.destroy()
    },
  }
}
