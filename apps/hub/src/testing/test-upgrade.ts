import { once } from 'node:events'
import { connect } from 'node:net'
import { onTestFinished } from 'vitest'

export interface TestUpgrade {
  /** All that came first. */
  first: string
  /** Sends a line and waits for it to come back. */
  echo(line: string): Promise<string>
  closed: Promise<unknown>
}

/** Asks for an upgrade over a plain socket, with exactly these headers. */
export async function createTestUpgrade(
  port: number,
  path: string,
  headers: Record<string, string>,
): Promise<TestUpgrade> {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  const closed = once(socket, 'close')
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${lines.join('')}\r\n`,
  )
  let received = ''
  socket.setEncoding('latin1').on('data', (text: string) => void (received += text))
  const isWhole = (): boolean =>
    received.startsWith('HTTP/1.1 101') ? received.includes('\n', received.indexOf('\r\n\r\n') + 4) : socket.destroyed
  while (!isWhole()) await Promise.race([once(socket, 'data'), closed])
  const first = received
  return {
    first,
    closed,
    async echo(line) {
      received = ''
      socket.write(line)
      while (received.length < line.length) await Promise.race([once(socket, 'data'), closed])
      return received
    },
  }
}

/** Sends bytes and returns all that comes back until the service closes the connection. */
export async function sendRaw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  let received = ''
  socket.setEncoding('latin1').on('data', (piece: string) => void (received += piece))
  socket.write(text, 'latin1')
  await once(socket, 'close')
  return received
}
