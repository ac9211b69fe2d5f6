import { once } from 'node:events'
import type { Server } from 'node:http'
import { expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { openFront, readAll, readUntil, serveBytes, serveHttp, serveRaw } from './testing/front.ts'

const upgrade = (path: string, more = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${more}\r\n`

test('a WebSocket goes through, with its sub-protocol, the secret in and the credentials out', async () => {
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'v1.kernel.websocket.jupyter.org' })
  await using upstream = await serveHttp(
    (_incoming, response) => response.end(),
    (server) =>
      server.on('upgrade', (incoming, socket, head) => {
        sockets.handleUpgrade(incoming, socket, head, (webSocket) => {
          webSocket.send(JSON.stringify({ url: incoming.url, ...incoming.headers }))
          webSocket.on('message', (data, isBinary) => webSocket.send(data, { binary: isBinary }))
        })
      }),
  )
  await using front = await openFront(upstream.address)
  const webSocket = new WebSocket(
    `ws://127.0.0.1:${front.port}/user/ada/api/kernels/1/channels?session_id=7&token=mine`,
    ['v1.kernel.websocket.jupyter.org'],
    { headers: { cookie: 'cygnet-session=mine', authorization: 'token mine', origin: 'http://h' } },
  )
  const [first] = (await once(webSocket, 'message')) as [Buffer]
  const seen = JSON.parse(String(first)) as Record<string, string>
  expect(seen).toMatchObject({
    url: '/user/ada/api/kernels/1/channels?session_id=7',
    authorization: 'token the-secret',
    upgrade: 'websocket',
    connection: 'Upgrade',
    origin: 'http://h',
    'x-forwarded-for': '127.0.0.1',
  })
  expect(JSON.stringify(seen)).not.toContain('mine')
  expect(webSocket.protocol).toBe('v1.kernel.websocket.jupyter.org')

  webSocket.ping()
  await once(webSocket, 'pong')
  const big = Buffer.alloc(1_000_000, 'swan')
  webSocket.send(big)
  const [echoed] = (await once(webSocket, 'message')) as [Buffer]
  expect(echoed.equals(big)).toBe(true)

  webSocket.close(4001, 'bye')
  expect(await once(webSocket, 'close')).toEqual([4001, Buffer.from('bye')])
  await expect.poll(() => upstream.open.size).toBe(0)
})

test('what either side sends with the switch itself arrives', async () => {
  await using upstream = await serveRaw((socket) => {
    socket.once('data', () => {
      socket.on('data', (data) => socket.write(data))
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSet-Cookie: _xsrf=evil\r\nX-Kept: 1\r\n\r\nhello ',
      )
    })
  })
  await using front = await openFront(upstream.address)
  const socket = front.connect()
  socket.write(`${upgrade('/user/ada/x')}early`)
  const answer = await readUntil(socket, 'hello early')
  expect(answer).toMatch(
    /^HTTP\/1\.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Kept: 1\r\n\r\n/,
  )
  socket.destroy()
  await expect.poll(() => upstream.open.size).toBe(0)
})

test('a server that refuses the upgrade is heard, and the connection ends', async () => {
  await using upstream = await serveBytes('HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone')
  await using front = await openFront(upstream.address)
  const answer = await front.exchange(upgrade('/user/ada/api/kernels/none/channels'))
  expect(answer).toMatch(/^HTTP\/1\.1 404 Not Found[\s\S]*connection: close[\s\S]*none$/i)
})

test.each([
  ['another protocol', upgrade('/user/ada/x').replace('websocket', 'h2c'), 400],
  ['another method', upgrade('/user/ada/x').replace('GET', 'POST'), 400],
  ['another’s server', upgrade('/user/bob/x'), 403],
  ['a path with dot segments', upgrade('/user/ada/../bob/x'), 400],
  ['an encoded dot segment', upgrade('/user/ada/%2e%2e/bob/x'), 400],
  ['an absolute target', upgrade('http://h/user/bob/x'), 403],
])('an upgrade to %s is refused', async (_, text, status) => {
  await using upstream = await serveHttp((_incoming, response) => response.end('never'))
  await using front = await openFront(upstream.address)
  expect((await front.exchange(text)).slice(9, 12)).toBe(String(status))
  expect(upstream.connections).toBe(0)
})

test('no server, no switch: 424 when it is stopped, 503 while it starts or where it does not answer', async () => {
  const upstream = await serveHttp(() => {})
  await upstream[Symbol.asyncDispose]()
  await using front = await openFront(upstream.address)
  expect(await front.exchange(upgrade('/user/ada/x'))).toMatch(/^HTTP\/1\.1 503 /)
  front.route = { at: 'starting' }
  expect(await front.exchange(upgrade('/user/ada/x'))).toMatch(/^HTTP\/1\.1 503 /)
  front.route = { at: 'stopped', reason: null }
  expect(await front.exchange(upgrade('/user/ada/x'))).toMatch(/^HTTP\/1\.1 424 /)
})

test('when the server is stopped its WebSockets end; when the client breaks the server hears it', async () => {
  const sockets = new WebSocketServer({ noServer: true })
  const configure = (server: Server): void =>
    void server.on('upgrade', (incoming, socket, head) => {
      sockets.handleUpgrade(incoming, socket, head, (webSocket) => webSocket.send('hello'))
    })
  await using upstream = await serveHttp(() => {}, configure)
  await using front = await openFront(upstream.address)
  const first = new WebSocket(`ws://127.0.0.1:${front.port}/user/ada/x`)
  await once(first, 'message')
  first.terminate()
  await expect.poll(() => upstream.open.size).toBe(0)
  const second = new WebSocket(`ws://127.0.0.1:${front.port}/user/ada/x`)
  await once(second, 'message')
  front.end()
  expect(await once(second, 'close')).toEqual([1006, Buffer.alloc(0)])
  await expect.poll(() => upstream.open.size).toBe(0)
})

test('the end of one side reaches the other, which may still finish', async () => {
  await using upstream = await serveRaw((socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nready')
      socket.on('data', () => {})
      socket.on('end', () => socket.end('last words'))
    })
  }, true)
  await using front = await openFront(upstream.address)
  const socket = front.connect()
  socket.write(upgrade('/user/ada/x'))
  await readUntil(socket, 'ready')
  socket.end()
  expect(await readAll(socket)).toBe('last words')
})

test('a client that goes away while the server thinks about the upgrade releases it', async () => {
  const asked = Promise.withResolvers<void>()
  await using upstream = await serveRaw((socket) => socket.once('data', () => asked.resolve()))
  await using front = await openFront(upstream.address)
  const socket = front.connect()
  socket.write(upgrade('/user/ada/x'))
  await asked.promise
  socket.destroy()
  await expect.poll(() => upstream.open.size).toBe(0)
})
