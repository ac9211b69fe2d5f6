import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect, test, vi } from 'vitest'
import { listen, openFront, readAll, readUntil, serveHttp, serveRaw } from './testing/front.ts'

function echoHead(incoming: IncomingMessage, response: ServerResponse): void {
  incoming.resume()
  incoming.on('end', () => {
    response.setHeader('content-type', 'application/json')
    response.end(
      JSON.stringify({
        url: incoming.url,
        method: incoming.method,
        raw: incoming.rawHeaders,
        headers: incoming.headers,
      }),
    )
  })
}

interface Echo {
  url: string
  method: string
  raw: string[]
  headers: Record<string, string>
}

test('a request goes on with the secret, without the hub’s credentials and the fields of its connection', async () => {
  await using upstream = await serveHttp(echoHead)
  await using front = await openFront(upstream.address)
  const answer = await fetch(`http://127.0.0.1:${front.port}/user/ada/api/status?a=1&token=mine&_xsrf=z&b=%2F`, {
    headers: {
      authorization: 'Bearer mine',
      cookie: 'cygnet-session=mine; theme=dark; _xsrf=z',
      'proxy-authorization': 'Basic x',
      'x-xsrftoken': 'z',
      'x-forwarded-for': '6.6.6.6',
      'x-forwarded-user': 'root',
      forwarded: 'for=6.6.6.6',
      'x-real-ip': '6.6.6.6',
      'x-custom': 'kept',
    },
  })
  const echo = (await answer.json()) as Echo
  expect(echo.url).toBe('/user/ada/api/status?a=1&b=%2F')
  expect(echo.headers).toMatchObject({
    authorization: 'token the-secret',
    cookie: 'theme=dark',
    'x-custom': 'kept',
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-proto': 'http',
    'x-forwarded-host': `127.0.0.1:${front.port}`,
    host: `127.0.0.1:${front.port}`,
  })
  const sent = JSON.stringify(echo)
  for (const hidden of ['mine', '6.6.6.6', 'proxy-authorization', 'x-xsrftoken', 'forwarded-user'])
    expect(sent).not.toContain(hidden)
})

test('fields that Connection lists stay behind, whatever their case, but not what is needed', async () => {
  await using upstream = await serveHttp(echoHead)
  await using front = await openFront(upstream.address)
  const answer = await front.exchange(
    'POST /user/ada/x HTTP/1.1\r\nHost: h\r\nConnection: X-One, close, host, content-length, X-TWO\r\nX-One: 1\r\nx-two: 2\r\nX-Three: 3\r\n' +
      'Keep-Alive: timeout=9\r\nTE: trailers, gzip\r\nTrailer: X-T\r\nProxy-Connection: keep-alive\r\nContent-Length: 2\r\n\r\nhi',
  )
  const { headers } = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as Echo
  expect(headers).toMatchObject({ host: 'h', 'content-length': '2', 'x-three': '3', te: 'trailers', connection: 'TE' })
  for (const dropped of ['x-one', 'x-two', 'keep-alive', 'trailer', 'proxy-connection'])
    expect(headers).not.toHaveProperty(dropped)
})

test('a proxy before the service is believed only where that is configured', async () => {
  await using upstream = await serveHttp(echoHead)
  await using front = await openFront(upstream.address, { trustProxy: true })
  const answer = await fetch(`http://127.0.0.1:${front.port}/user/ada/x`, {
    headers: { 'x-forwarded-for': '10.0.0.7', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'cygnet.example' },
  })
  const { headers } = (await answer.json()) as Echo
  expect(headers).toMatchObject({
    'x-forwarded-for': '10.0.0.7, 127.0.0.1',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'cygnet.example',
  })
})

test('whatever spelling of a path: it reaches no other server, and none that could be read in two ways reaches any', async () => {
  const seen: string[] = []
  await using upstream = await serveHttp((incoming, response) => {
    seen.push(incoming.url ?? '')
    response.end('reached')
  })
  await using front = await openFront(upstream.address)
  const status = async (target: string): Promise<string> =>
    (await front.exchange(`GET ${target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`)).slice(9, 12)
  expect(await status('/user/bob/')).toBe('403')
  expect(await status('/user/ada/../bob/')).toBe('400')
  expect(await status('/user/ada/%2e%2E/bob/')).toBe('400')
  expect(await status('/user/ada/..%5Cbob/')).toBe('400')
  expect(await status('/user/%62ob/')).toBe('403')
  expect(await status('/user/Ada/')).toBe('403')
  expect(await status('/user//ada/')).toBe('403')
  expect(await status('//user/ada/')).toBe('404')
  expect(await status('/USER/ada/')).toBe('404')
  expect(await status('http://h/user/bob/')).toBe('403')
  expect(await status('http://user/user/ada/../bob/')).toBe('400')
  expect(await status('/user/ada')).toBe('302')
  expect(seen).toEqual([])
  expect(await status('/user/%61da/x')).toBe('200')
  expect(await status('http://bob@evil/user/ada/y')).toBe('200')
  expect(seen).toEqual(['/user/ada/x', '/user/ada/y'])
  expect(await status('/user/ada/' + 'x'.repeat(8000))).toBe('200')
})

test('TRACE, which would tell the secret, is not served', async () => {
  await using upstream = await serveHttp(echoHead)
  await using front = await openFront(upstream.address)
  expect(await front.exchange('TRACE /user/ada/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')).toMatch(
    /^HTTP\/1.1 400 /,
  )
})

test('a session sets cookies for its own path only, and speaks for nothing but itself', async () => {
  await using upstream = await serveHttp((_incoming, response) => {
    response.writeHead(302, [
      'Set-Cookie',
      'a=1; Path=/; Domain=example.org',
      'set-cookie',
      'cygnet-session=stolen; Path=/',
      'Set-Cookie',
      '_xsrf=known',
      'Set-Cookie',
      'b=2; Path=/user/ada/lab',
      'Location',
      '/user/ada/elsewhere?x=1',
      'Service-Worker-Allowed',
      '/',
      'Clear-Site-Data',
      '"cookies"',
      'Strict-Transport-Security',
      'max-age=1',
      'Connection',
      'X-Private',
      'X-Private',
      '1',
      'X-Custom',
      'kept',
    ])
    response.end()
  })
  await using front = await openFront(upstream.address)
  const answer = await fetch(`http://127.0.0.1:${front.port}/user/ada/x`, { redirect: 'manual' })
  expect(answer.status).toBe(302)
  expect(answer.headers.getSetCookie()).toEqual(['a=1; Path=/user/ada/', 'b=2; Path=/user/ada/lab'])
  expect(answer.headers.get('location')).toBe('/user/ada/elsewhere?x=1')
  expect(answer.headers.get('x-custom')).toBe('kept')
  for (const name of ['service-worker-allowed', 'clear-site-data', 'strict-transport-security', 'x-private'])
    expect(answer.headers.get(name)).toBeNull()
})

test('HEAD, 204 and 304 have no body, and the connections are used on', async () => {
  await using upstream = await serveHttp((incoming, response) => {
    const status = Number(incoming.url?.slice(-3)) || 200
    response.writeHead(status, status === 204 ? {} : { 'content-length': 5, etag: '"x"' })
    response.end(status === 200 ? 'hello' : undefined)
  })
  await using front = await openFront(upstream.address)
  const socket = front.connect()
  socket.write(
    'HEAD /user/ada/a HTTP/1.1\r\nHost: h\r\n\r\nGET /user/ada/304 HTTP/1.1\r\nHost: h\r\n\r\nGET /user/ada/204 HTTP/1.1\r\nHost: h\r\n\r\n',
  )
  socket.write('GET /user/ada/b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')
  const answer = await readAll(socket)
  expect(answer.match(/HTTP\/1\.1 \d{3}/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 304', 'HTTP/1.1 204', 'HTTP/1.1 200'])
  expect(answer.match(/hello/g)).toHaveLength(1)
  expect(answer.match(/content-length: 5/g)).toHaveLength(3)
})

test('bodies of both framings go up and come back whole, through few connections', async () => {
  await using upstream = await serveHttp((incoming, response) => {
    const hash = createHash('sha256')
    incoming.on('data', (piece: Buffer) => hash.update(piece))
    incoming.on('end', () =>
      response.end(
        `${incoming.headers['content-length'] ?? incoming.headers['transfer-encoding']} ${hash.digest('hex')}`,
      ),
    )
  })
  await using front = await openFront(upstream.address)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const body = Buffer.alloc(3_000_000, 'swan')
  const digest = createHash('sha256').update(body).digest('hex')
  for (const framing of ['3000000', 'chunked']) {
    const sent = request({ port: front.port, path: '/user/ada/x', method: 'PUT', agent })
    if (framing !== 'chunked') sent.setHeader('content-length', body.length)
    for (let at = 0; at < body.length; at += 70_001) sent.write(body.subarray(at, at + 70_001))
    sent.end()
    const [answer] = (await once(sent, 'response')) as [IncomingMessage]
    expect(await text(answer)).toBe(`${framing} ${digest}`)
  }
  const empty = await fetch(`http://127.0.0.1:${front.port}/user/ada/x`, { method: 'POST' })
  expect(await empty.text()).toMatch(/^0 /)
  agent.destroy()
  expect(upstream.connections).toBeLessThanOrEqual(2)
})

test('an answer streams: each piece arrives before the next is sent', async () => {
  let next: (() => void) | undefined
  await using upstream = await serveHttp((_incoming, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.flushHeaders()
    let count = 0
    next = () => response.write(`data: ${++count}\n\n`)
  })
  await using front = await openFront(upstream.address)
  const answer = await fetch(`http://127.0.0.1:${front.port}/user/ada/events`)
  expect(answer.headers.get('content-type')).toBe('text/event-stream')
  const reader = answer.body?.getReader()
  for (const expected of ['data: 1\n\n', 'data: 2\n\n', 'data: 3\n\n']) {
    next?.()
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe(expected)
  }
  await reader?.cancel()
  // The client is gone: so is the connection to the server.
  await expect.poll(() => upstream.open.size).toBe(0)
})

test('a request streams too: the server reads the first piece before the second is sent', async () => {
  const pieces: string[] = []
  await using upstream = await serveHttp((incoming, response) => {
    incoming.on('data', (piece: Buffer) => {
      pieces.push(piece.toString())
      if (pieces.length === 1) response.write('got one')
      else response.end(' and two')
    })
  })
  await using front = await openFront(upstream.address)
  const sent = request({ port: front.port, path: '/user/ada/x', method: 'POST' })
  sent.write('one')
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  expect(String((await once(answer, 'data'))[0])).toBe('got one')
  sent.end('two')
  expect(await text(answer)).toBe(' and two')
  expect(pieces).toEqual(['one', 'two'])
})

test('trailers go both ways for those who take them', async () => {
  await using upstream = await serveHttp((incoming, response) => {
    incoming.resume()
    incoming.on('end', () => {
      response.writeHead(200, { trailer: 'x-sum' })
      response.write('body')
      response.addTrailers({ 'x-sum': incoming.trailers['x-in'] ?? '' })
      response.end()
    })
  })
  await using front = await openFront(upstream.address)
  const send = (te: string): Promise<string> =>
    front.exchange(
      `POST /user/ada/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n${te}Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-In: 42\r\nAuthorization: evil\r\n\r\n`,
    )
  expect(await send('TE: trailers\r\n')).toMatch(/trailer: x-sum[\s\S]*4\r\nbody\r\n0\r\nx-sum: 42\r\n\r\n$/)
  expect(await send('')).not.toContain('x-sum')
})

test('an upload that is asked for first is let in by the hub; the server is not asked again', async () => {
  await using upstream = await serveHttp(echoHead)
  await using front = await openFront(upstream.address)
  const socket = front.connect()
  socket.write(
    'PUT /user/ada/x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n',
  )
  expect(await readUntil(socket, '\r\n\r\n')).toBe('HTTP/1.1 100 Continue\r\n\r\n')
  socket.write('hi')
  const answer = await readAll(socket)
  expect(answer).toMatch(/^HTTP\/1\.1 200 /)
  expect(answer).not.toContain('100-continue')
})

test('early hints come before the answer, and not at all to a client of HTTP/1.0', async () => {
  await using upstream = await serveHttp((_incoming, response) => {
    response.writeEarlyHints({ link: '</x.css>; rel=preload' })
    response.end('done')
  })
  await using front = await openFront(upstream.address)
  const modern = await front.exchange('GET /user/ada/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')
  expect(modern).toMatch(/^HTTP\/1\.1 103 Early Hints\r\nLink: <\/x.css>; rel=preload\r\n\r\nHTTP\/1\.1 200 OK/i)
  const old = await front.exchange('GET /user/ada/x HTTP/1.0\r\nHost: h\r\n\r\n')
  expect(old).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*\r\n\r\ndone$/)
  expect(old).not.toContain('chunked')
})

test('a client that goes away in the middle of its upload releases the server', async () => {
  const aborted = Promise.withResolvers<void>()
  await using upstream = await serveHttp((incoming) => {
    incoming.on('error', () => aborted.resolve())
    incoming.resume()
  })
  await using front = await openFront(upstream.address)
  const socket = front.connect()
  socket.write('PUT /user/ada/x HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\npart')
  await expect.poll(() => upstream.open.size).toBe(1)
  socket.destroy()
  await aborted.promise
  await expect.poll(() => upstream.open.size).toBe(0)
})

test('an answer that comes before the upload is complete reaches the client', async () => {
  await using upstream = await serveRaw((socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig')
      socket.resume()
    })
  })
  await using front = await openFront(upstream.address)
  const socket = front.connect()
  socket.write('PUT /user/ada/x HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n' + 'x'.repeat(50_000))
  expect(await readUntil(socket, 'big')).toMatch(/^HTTP\/1\.1 413 Too Large/)
  socket.write('x'.repeat(50_000) + 'GET /user/ada/y HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')
  expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 413 Too Large/)
  expect(upstream.connections).toBe(2)
})

test('a client that has ended its side counts as gone, as node’s servers have it, and releases the server', async () => {
  const asked = Promise.withResolvers<void>()
  await using upstream = await serveHttp(() => asked.resolve())
  await using front = await openFront(upstream.address)
  const socket = front.connect()
  socket.write('GET /user/ada/x HTTP/1.1\r\nHost: h\r\n\r\n')
  await asked.promise
  socket.end()
  await readAll(socket)
  await expect.poll(() => upstream.open.size).toBe(0)
})

test('when the server is stopped, what is under way ends', async () => {
  await using upstream = await serveHttp((_incoming, response) => void response.write('part'))
  await using front = await openFront(upstream.address)
  const answer = await fetch(`http://127.0.0.1:${front.port}/user/ada/x`)
  front.end()
  await expect(answer.text()).rejects.toThrow()
  await vi.waitFor(() => expect(upstream.open.size).toBe(0))
})

test('a server may be reached by TCP as well, and connections are used again', async () => {
  const server = createServer((incoming, response) => response.end(`${incoming.url} ${incoming.socket.remotePort}`))
  const port = await listen(server)
  await using front = await openFront({ kind: 'tcp', host: '127.0.0.1', port })
  const ask = async (): Promise<string> => (await fetch(`http://127.0.0.1:${front.port}/user/ada/x`)).text()
  const first = await ask()
  expect(first).toMatch(/^\/user\/ada\/x \d+$/)
  expect(await ask()).toBe(first)
  server.closeAllConnections()
  expect(await ask()).not.toBe(first)
  server.close()
})
