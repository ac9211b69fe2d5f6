import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** How long the other side has to finish once one side has ended. */
const lingerMilliseconds = 30_000

/**
 * Lets client and server talk as they like, with back-pressure both ways. The end of one side is passed on to the other;
 * where that does not end too before long, or one side breaks, both are closed.
 *
 * @param rest - what the server sent already
 * @param head - what the client sent already
 */
export function openTunnel(client: Duplex, server: Socket, head: Buffer, rest: Buffer): void {
  join(client, server, head)
  join(server, client, rest)
}

function join(from: Duplex, to: Duplex, first: Buffer): void {
  const linger = (): void => {
    const timer = setTimeout(() => to.destroy(), lingerMilliseconds)
    timer.unref()
    to.once('close', () => clearTimeout(timer))
  }
  from.on('error', () => from.destroy())
  from.on('end', linger)
  from.on('close', () => {
    if (to.destroyed) return
    // What was passed on before the break still reaches the other side, which then sees the end.
    to.end()
    linger()
  })
  if (first.length > 0) to.write(first)
  from.pipe(to)
}
