import { rm } from 'node:fs/promises'
import { once } from 'node:events'
import { Agent, request, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { openFront, readAll, serveBytes, serveHttp, serveRaw } from './testing/front.ts'

const get = 'GET /user/ada/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'

test.each([
  ['no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n'],
  ['a status that is none', 'HTTP/1.1 99 Low\r\n\r\n'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
  ['a length and chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a length that is no number', 'HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na'],
  ['an unknown coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
  ['a folded field', 'HTTP/1.1 200 OK\r\nX-A: 1\r\n two: 2\r\nContent-Length: 0\r\n\r\n'],
  ['a name with a space', 'HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\na'],
  ['a line feed in a value', 'HTTP/1.1 200 OK\r\nX-A: 1\nSet-Cookie: cygnet-session=x\r\nContent-Length: 0\r\n\r\n'],
  ['a switch nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'],
  ['a head without end', `HTTP/1.1 200 OK\r\nX-A: ${'x'.repeat(100_000)}`],
  ['a control character in its message', 'HTTP/1.1 200 O\u0001K\r\nContent-Length: 0\r\n\r\n'],
])('a server that sends %s is answered for with 503, and nothing of it goes on', async (_, answer) => {
  await using upstream = await serveBytes(answer)
  await using front = await openFront(upstream.address)
  const received = await front.exchange(get)
  expect(received).toMatch(/^HTTP\/1\.1 503 [\s\S]*no HTTP response/)
  expect(received).not.toContain('cygnet-session')
  await expect.poll(() => upstream.open.size).toBe(0)
})

test.each([
  ['a size that is none', 'zz\r\n'],
  ['a chunk longer than it says', '1\r\nab\r\n'],
  ['lines without carriage return', '1\na\n0\n\n'],
  ['an endless size', '0'.repeat(10_000)],
  ['an endless trailer', `0\r\nX-A: ${'x'.repeat(10_000)}\r\n\r\n`],
])('an answer whose chunks have %s is cut off, not completed', async (_, body) => {
  await using upstream = await serveBytes(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n${body}`)
  await using front = await openFront(upstream.address)
  const received = await front.exchange(get)
  // Nothing of it, or a part that does not pass for the whole.
  expect(received).toMatch(/^(?:$|HTTP\/1\.1 200 OK)/)
  expect(received).not.toMatch(/\r\n0\r\n\r\n$/)
  await expect.poll(() => upstream.open.size).toBe(0)
})

test('what a token in the address opened is a page of nobody, whatever the server wishes', async () => {
  await using upstream = await serveHttp((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html', 'content-security-policy': "script-src 'unsafe-inline'" })
    response.end('<script>fetch("/hub/api/user")</script>')
  })
  await using front = await openFront(upstream.address, { isInAddress: true })
  const received = await front.exchange(get)
  expect(received).toMatch(/^content-security-policy: script-src 'unsafe-inline'\r$/m)
  expect(received).toMatch(/^content-security-policy: sandbox\r$/m)
})

test('a server that answers wrongly again and again fills no log', async () => {
  const logged: string[] = []
  const logger = pino({}, { write: (line: string) => void logged.push(line) })
  await using upstream = await serveBytes('SSH-2.0-OpenSSH\r\n\r\n')
  await using front = await openFront(upstream.address, { logger })
  for (let count = 0; count < 5; count++) expect(await front.exchange(get)).toMatch(/^HTTP\/1\.1 503 /)
  expect(logged).toHaveLength(1)
  expect(JSON.parse(logged[0] ?? '')).toMatchObject({ user: 'ada', reason: expect.stringContaining('SSH-2.0') })
  expect(logged[0]).not.toMatch(/stack|\.ts:/)
})

test('a server that announces its answer for ever is cut off, though its client reads nothing', async () => {
  const hint = `HTTP/1.1 103 Early Hints\r\nLink: ${'x'.repeat(1000)}\r\n\r\n`
  let sent = 0
  await using upstream = await serveRaw((socket) => {
    const next = (): void => {
      do sent += 1
      while (socket.write(hint))
    }
    socket.on('error', () => {})
    socket.on('drain', next)
    socket.once('data', next)
  })
  await using front = await openFront(upstream.address)
  const client = front.connect()
  client.write(get)
  // The client reads nothing, and the hub does not wait for it to tell that this is no answer.
  await expect.poll(() => sent > 0 && upstream.open.size === 0).toBe(true)
  const received = await readAll(client)
  expect(received.match(/^HTTP\/1\.1 \d+/gm)).toEqual([...Array<string>(8).fill('HTTP/1.1 103'), 'HTTP/1.1 503'])
  expect(received).toMatch(/no HTTP response/)
})

test('eight announcements before an answer are passed on, large ones too', async () => {
  const hint = `HTTP/1.1 103 Early Hints\r\nLink: ${'x'.repeat(60_000)}\r\n\r\n`
  const body = 'y'.repeat(300_000)
  await using upstream = await serveBytes(
    `${hint.repeat(8)}HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
  await using front = await openFront(upstream.address)
  // Two at once: what waits behind another answer loses its announcements, not its answer.
  const received = await front.exchange(get.replace('close', 'keep-alive') + get)
  const statuses = received.match(/HTTP\/1\.1 \d+/g) ?? []
  expect(statuses.filter((status) => status === 'HTTP/1.1 200')).toHaveLength(2)
  expect(statuses.slice(0, 8)).toEqual(Array<string>(8).fill('HTTP/1.1 103'))
  expect(received.split(body)).toHaveLength(3)
})

test('a server that dies in the middle of an answer: the client sees that it is not whole', async () => {
  for (const head of ['Content-Length: 100', 'Transfer-Encoding: chunked']) {
    await using upstream = await serveBytes(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n4\r\npart\r\n`, true)
    await using front = await openFront(upstream.address)
    const answer = await fetch(`http://127.0.0.1:${front.port}/user/ada/x`)
    await expect(answer.text()).rejects.toThrow()
  }
})

test('an answer without length ends with the connection', async () => {
  await using upstream = await serveBytes('HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nold but good', true)
  await using front = await openFront(upstream.address)
  const answer = await fetch(`http://127.0.0.1:${front.port}/user/ada/x`)
  expect(await answer.text()).toBe('old but good')
})

test('bytes after an answer are nobody’s answer', async () => {
  const body = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
  await using upstream = await serveBytes(`${body}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`)
  await using front = await openFront(upstream.address)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  for (let count = 0; count < 3; count++) {
    const sent = request({ port: front.port, path: '/user/ada/x', agent }).end()
    const [answer] = (await once(sent, 'response')) as [IncomingMessage]
    expect(await text(answer)).toBe('ok')
  }
  agent.destroy()
  expect(upstream.connections).toBe(3)
})

test('an answer that comes byte by byte is put together', async () => {
  const answer = 'HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n5;x=1\r\nhello\r\n1\r\n!\r\n0\r\n\r\n'
  await using upstream = await serveRaw((socket) => {
    socket.setNoDelay(true)
    socket.once('data', () => {
      let at = 0
      const next = (): void => {
        if (at < answer.length) socket.write(answer.charAt(at++), () => setImmediate(next))
      }
      next()
    })
  })
  await using front = await openFront(upstream.address)
  const response = await fetch(`http://127.0.0.1:${front.port}/user/ada/x`)
  expect(response.headers.get('x-a')).toBe('b')
  expect(await response.text()).toBe('hello!')
})

/** Answers once on each connection and then closes it as soon as it is asked again, as a server does that lost patience. */
async function serveOnce(seen: string[]) {
  return serveRaw((socket: Socket) => {
    let count = 0
    socket.on('data', (data: Buffer) => {
      seen.push(data.toString('latin1').slice(0, data.indexOf(' ')))
      if (count++ === 0) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      else socket.destroy()
    })
  })
}

test('a request that may be repeated is sent again when an idle connection turns out to be closed', async () => {
  const seen: string[] = []
  await using upstream = await serveOnce(seen)
  await using front = await openFront(upstream.address)
  const url = `http://127.0.0.1:${front.port}/user/ada/x`
  expect(await (await fetch(url)).text()).toBe('ok')
  expect(await (await fetch(url)).text()).toBe('ok')
  expect(seen).toEqual(['GET', 'GET', 'GET'])
  expect(upstream.connections).toBe(2)
})

test('a request that must not be repeated is not', async () => {
  const seen: string[] = []
  await using upstream = await serveOnce(seen)
  await using front = await openFront(upstream.address)
  const url = `http://127.0.0.1:${front.port}/user/ada/x`
  expect((await fetch(url, { method: 'POST' })).status).toBe(200)
  expect((await fetch(url, { method: 'POST', body: 'pay' })).status).toBe(503)
  expect((await fetch(url, { method: 'DELETE' })).status).toBe(200)
  expect(seen).toEqual(['POST', 'POST', 'DELETE'])
})

test('a fresh connection that breaks is no reason to ask twice', async () => {
  let asked = 0
  await using upstream = await serveRaw((socket) => {
    socket.on('data', () => {
      asked++
      socket.destroy()
    })
  })
  await using front = await openFront(upstream.address)
  expect((await fetch(`http://127.0.0.1:${front.port}/user/ada/x`)).status).toBe(503)
  expect(asked).toBe(1)
})

test('a server that is gone: somebody looks, and the answer is 424 as soon as that is known', async () => {
  const upstream = await serveHttp((_incoming, response) => response.end())
  await upstream[Symbol.asyncDispose]()
  if (upstream.address.kind === 'socket') await rm(upstream.address.path, { force: true })
  await using front = await openFront(upstream.address)
  const url = `http://127.0.0.1:${front.port}/user/ada/api/status`
  const still = await fetch(url)
  expect(still.status).toBe(503)
  expect(still.headers.get('retry-after')).toBe('1')
  front.onCheck = () => {
    front.route = { at: 'stopped', reason: 'It ran out of memory.' }
  }
  const gone = await fetch(url)
  expect(gone.status).toBe(424)
  expect(await gone.json()).toMatchObject({ code: 'server-stopped', message: expect.stringContaining('out of memory') })
  expect(front.checks).toBe(2)
})

test('a stopped server shows people a page that starts it again, a starting one leads to the progress', async () => {
  await using upstream = await serveHttp((_incoming, response) => response.end())
  await using front = await openFront(upstream.address)
  const visit = (accept: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${front.port}/user/ada/lab/tree/a.ipynb?x=1`, { headers: { accept }, redirect: 'manual' })
  front.route = { at: 'stopped', reason: null }
  const page = await visit('text/html')
  expect(page.status).toBe(424)
  expect(page.headers.get('content-type')).toContain('text/html')
  expect(await page.text()).toContain(`/start?next=${encodeURIComponent('/user/ada/lab/tree/a.ipynb?x=1')}`)
  expect((await visit('application/json')).headers.get('content-type')).toContain('application/json')
  front.route = { at: 'starting' }
  const starting = await visit('text/html')
  expect(starting.status).toBe(302)
  expect(starting.headers.get('location')).toBe(`/start?next=${encodeURIComponent('/user/ada/lab/tree/a.ipynb?x=1')}`)
  const api = await visit('application/json')
  expect([api.status, api.headers.get('retry-after')]).toEqual([503, '1'])
  expect(upstream.connections).toBe(0)
})

test('headers that trickle in hold nothing of the server', async () => {
  await using upstream = await serveHttp((_incoming, response) => response.end())
  await using front = await openFront(upstream.address)
  const slow = front.connect()
  slow.write('GET /user/ada/x HTTP/1.1\r\nHost: h\r\nX-A: ')
  const quick = await fetch(`http://127.0.0.1:${front.port}/user/ada/x`)
  expect(quick.status).toBe(200)
  expect(upstream.connections).toBe(1)
  slow.end('b\r\nConnection: close\r\n\r\n')
  await readAll(slow)
})
