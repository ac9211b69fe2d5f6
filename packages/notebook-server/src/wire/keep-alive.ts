import type { WebSocket } from 'ws'

/** A client may miss this many pings in a row. */
const patience = 3

/**
 * Pings a client so that proxies keep the connection, and cuts it where nothing is heard and nothing gets through any more.
 * A slow client that still takes data is not cut, though its answer to a ping waits behind that data.
 */
export function keepAlive(webSocket: WebSocket, everyMs: number): void {
  let missed = 0
  let buffered = 0
  const hear = (): void => {
    missed = 0
  }
  const timer = setInterval(() => {
    const moving = webSocket.bufferedAmount < buffered
    buffered = webSocket.bufferedAmount
    missed = moving ? 0 : missed + 1
    if (missed > patience) webSocket.terminate()
    else if (!webSocket.isPaused && webSocket.readyState === webSocket.OPEN) webSocket.ping()
    else missed = 0
  }, everyMs)
  timer.unref()
  webSocket.on('pong', hear)
  webSocket.on('message', hear)
  webSocket.once('close', () => clearInterval(timer))
}
