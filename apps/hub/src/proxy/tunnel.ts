import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createFrameWatcher } from './frame-watcher.ts'

/** How long the other side has to finish once one side has ended. */
const lingerMilliseconds = 30_000

/**
 * Lets client and server talk as they like, with back-pressure both ways. The end of one side is passed on to the other;
 * where that does not end too before long, or one side breaks, both are closed.
 *
 * @param rest - what the server sent already
 * @param head - what the client sent already
 * @param onTraffic - called for WebSocket messages in either direction, not for pings
 */
export function openTunnel(client: Duplex, server: Socket, head: Buffer, rest: Buffer, onTraffic: () => void): void {
  join(client, server, head, onTraffic)
  join(server, client, rest, onTraffic)
}

function join(from: Duplex, to: Duplex, first: Buffer, onTraffic: () => void): void {
  const watch = createFrameWatcher(onTraffic)
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
  if (first.length > 0) {
    watch(first)
    to.write(first)
  }
  from.on('data', watch)
  from.pipe(to)
}
