import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { openFront, readUntil, serveRaw, type Upstream } from './testing/front.ts'

const megabyte = Buffer.alloc(1 << 20, 'x')
const total = 500
/** Far more than what the buffers of four sockets hold, far less than what is offered. */
const bound = 40 * 2 ** 20

/** Offers 500 MB after `head`, as fast as they are taken. */
function offer(head: string, sent: { bytes: number }): Promise<Upstream> {
  return serveRaw((socket) => {
    socket.once('data', () => {
      socket.write(head)
      let left = total
      const next = (): void => {
        while (left > 0) {
          left--
          if (!socket.write(megabyte)) return
        }
      }
      setInterval(() => {
        sent.bytes = socket.bytesWritten - socket.writableLength
      }, 20).unref()
      socket.on('drain', next)
      next()
    })
  })
}

async function settled(read: () => number): Promise<number> {
  let before = -1
  await expect
    .poll(
      () => {
        const now = read()
        const same = now > 0 && now === before
        before = now
        return same
      },
      { interval: 250, timeout: 10_000 },
    )
    .toBe(true)
  return before
}

test.each([
  [
    'a download',
    'GET /user/ada/x HTTP/1.1\r\nHost: h\r\n\r\n',
    `HTTP/1.1 200 OK\r\nContent-Length: ${total * megabyte.length}\r\n\r\n`,
  ],
  [
    'a WebSocket',
    'GET /user/ada/x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  ],
])('a client that does not read %s of 500 MB holds the server back', { timeout: 60_000 }, async (_, ask, head) => {
  const sent = { bytes: 0 }
  await using upstream = await offer(head, sent)
  await using front = await openFront(upstream.address)
  const client = connect(front.port, '127.0.0.1')
  client.write(ask)
  const first = await readUntil(client, '\r\n\r\n')
  const before = process.memoryUsage().rss
  expect(await settled(() => sent.bytes)).toBeLessThan(bound)
  expect(process.memoryUsage().rss - before).toBeLessThan(bound)

  let received = first.length - first.indexOf('\r\n\r\n') - 4
  const done = Promise.withResolvers<void>()
  client.on('data', (data) => {
    received += data.length
    if (received === total * megabyte.length) done.resolve()
  })
  client.resume()
  await done.promise
  client.destroy()
})

test('a server that does not read an upload of 500 MB holds the client back', { timeout: 60_000 }, async () => {
  let received = 0
  const begin = Promise.withResolvers<void>()
  await using upstream = await serveRaw((socket) => {
    socket.once('readable', () => {
      void begin.promise.then(() => socket.on('data', (data: Buffer) => (received += data.length)))
    })
  })
  await using front = await openFront(upstream.address)
  const client = connect(front.port, '127.0.0.1')
  client.write(`PUT /user/ada/x HTTP/1.1\r\nHost: h\r\nContent-Length: ${total * megabyte.length}\r\n\r\n`)
  let left = total
  const next = (): void => {
    while (left > 0) {
      left--
      if (!client.write(megabyte)) return
    }
  }
  client.on('drain', next)
  next()
  const before = process.memoryUsage().rss
  expect(await settled(() => client.bytesWritten - client.writableLength)).toBeLessThan(bound)
  expect(process.memoryUsage().rss - before).toBeLessThan(bound)
  begin.resolve()
  await expect.poll(() => received, { timeout: 30_000 }).toBeGreaterThan(total * megabyte.length)
  client.destroy()
})
