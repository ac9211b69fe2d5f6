import type { Address } from '@cygnet/spawners/spawner'
import { UpstreamConnection } from './connection.ts'

const maxConnections = 1024
const maxIdle = 64
/** For how long an idle connection is trusted with a request that must not be sent twice. */
const freshMilliseconds = 1000

/** The connections to one session's server. Idle ones are used again, the last used first. */
export class UpstreamPool {
  readonly #address: Address
  readonly #idle: UpstreamConnection[] = []
  readonly #all = new Set<UpstreamConnection>()
  #closed = false

  constructor(address: Address) {
    this.#address = address
  }

  /**
   * A connection to send one request on, or undefined where the server has too many already.
   * @param certain - the request must not be sent twice: take no connection that the server may be closing right now
   */
  take(certain: boolean): UpstreamConnection | undefined {
    const now = Date.now()
    let connection = this.#idle.pop()
    while (connection !== undefined) {
      const idle = now - connection.idleSince
      if (idle < (certain ? Math.min(freshMilliseconds, connection.idleLimit / 2) : connection.idleLimit - 500))
        return connection
      connection.destroy()
      connection = this.#idle.pop()
    }
    return this.open()
  }

  /** A connection of its own, for an upgrade or a second try. */
  open(): UpstreamConnection | undefined {
    if (this.#closed || this.#all.size >= maxConnections) return undefined
    const connection = new UpstreamConnection(
      this.#address,
      (idle) => this.#keep(idle),
      (gone) => this.#forget(gone),
    )
    this.#all.add(connection)
    return connection
  }

  /** Closes idle connections that the server is about to close. To be called every few seconds. */
  prune(): void {
    const now = Date.now()
    for (const connection of this.#idle.filter((idle) => now - idle.idleSince > idle.idleLimit - 500))
      connection.destroy()
  }

  /** Closes all connections; a request under way fails. */
  close(): void {
    this.#closed = true
    for (const connection of this.#all) connection.socket.destroy()
  }

  #keep(connection: UpstreamConnection): void {
    if (this.#closed || this.#idle.length >= maxIdle) connection.destroy()
    else this.#idle.push(connection)
  }

  #forget(connection: UpstreamConnection): void {
    this.#all.delete(connection)
    const index = this.#idle.indexOf(connection)
    if (index !== -1) this.#idle.splice(index, 1)
  }
}
