import type { Duplex } from 'node:stream'
import type { ServerTarget } from '../../servers/target.ts'
import { UpstreamPool } from './pool.ts'

const pruneMilliseconds = 2000

/** What is open to one session's server: connections that serve requests, and the sockets of upgrades. */
export interface Upstream {
  readonly pool: UpstreamPool
  /** Has the socket closed when the server is gone. */
  hold(socket: Duplex): void
}

export interface Upstreams {
  of(target: ServerTarget): Upstream
  /** Closes everything; what is under way ends. */
  close(): void
}

/** Keeps what is open to each running server, and closes it when the server is gone. */
export function createUpstreams(): Upstreams {
  const known = new Map<ServerTarget, Upstream & { close(): void }>()
  const pruning = setInterval(() => {
    for (const upstream of known.values()) upstream.pool.prune()
  }, pruneMilliseconds)
  pruning.unref()
  return {
    of(target) {
      const before = known.get(target)
      if (before !== undefined) return before
      const upstream = createUpstream(target)
      const end = (): void => {
        known.delete(target)
        upstream.close()
      }
      known.set(target, upstream)
      if (target.gone.aborted) end()
      else target.gone.addEventListener('abort', end, { once: true })
      return upstream
    },
    close() {
      clearInterval(pruning)
      for (const upstream of known.values()) upstream.close()
      known.clear()
    },
  }
}

function createUpstream(target: ServerTarget): Upstream & { close(): void } {
  const pool = new UpstreamPool(target.address)
  const sockets = new Set<Duplex>()
  return {
    pool,
    hold(socket) {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
      if (target.gone.aborted) socket.destroy()
    },
    close() {
      pool.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
