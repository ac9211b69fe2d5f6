import type { Address } from '@cygnet/spawners/spawner'

/** A running server as the proxy sees it. A server that is started again is another target. */
export interface ServerTarget {
  readonly address: Address
  /**
   * What the paths of the server begin with, with a slash at either end: `/user/<name>/` below the base path that the service
   * had when the server was started.
   */
  readonly basePath: string
  /** The value of the `Authorization` field that opens the server. */
  readonly authorization: string
  /** Aborted once the server is gone: whatever is connected to it ends. */
  readonly gone: AbortSignal
}
