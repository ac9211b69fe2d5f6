import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { basePath, secret, startTestServer, type TestServer } from './testing/test-server.ts'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer()
  await writeFile(join(server.home, 'page.txt'), 'text')
})

afterAll(() => server[Symbol.asyncDispose]())

test('answers /api/status before anything is loaded', async () => {
  await using fresh = await startTestServer()
  const answer = await fresh.ask('GET', 'api/status')
  expect(answer.status).toBe(200)
  expect(answer.json()).toEqual({
    connections: 0,
    kernels: 0,
    last_activity: expect.stringMatching(/^\d{4}-.*Z$/),
    started: expect.stringMatching(/^\d{4}-.*Z$/),
    last_input: null,
    last_output: null,
    busy: false,
    connected: false,
  })
})

test.each([
  ['without a secret', { authorization: '' }],
  ['with a wrong secret', { authorization: 'token wrong' }],
  ['with the hash of the secret', { authorization: `token ${createHash('sha256').update(secret).digest('hex')}` }],
  ['by another scheme', { authorization: `Basic ${Buffer.from(`ada:${secret}`).toString('base64')}` }],
  ['with a cookie', { authorization: '', cookie: `token=${secret}` }],
])('answers 403 in JSON to who comes %s, whatever is asked', async (_who, headers) => {
  const paths = [
    '',
    'api/status',
    'api',
    'api/contents',
    'lab',
    'static/favicons/favicon.ico',
    'files/page.txt',
    'nothing',
    'api/contents/../..',
  ]
  for (const path of paths) {
    for (const method of ['GET', 'PUT', 'OPTIONS']) {
      const answer = await server.ask(method, path, undefined, headers)
      expect({ path, status: answer.status }).toEqual({ path, status: 403 })
      expect(answer.json()).toEqual({ status: 403, code: 'forbidden', message: 'Forbidden', reason: null })
    }
  }
})

test.each([
  ['Authorization: token', '', { authorization: `token ${secret}` }],
  ['Authorization: Bearer', '', { authorization: `Bearer ${secret}` }],
  ['?token=', `?token=${secret}`, { authorization: '' }],
])('lets in who shows the secret by %s', async (_way, query, headers) => {
  expect((await server.ask('GET', `api/contents/page.txt${query}`, undefined, headers)).status).toBe(200)
})

test('authorises upgrades before it looks at them', async () => {
  async function upgrade(path: string, headers: Record<string, string>): Promise<number> {
    const socket = new WebSocket(`ws+unix:${server.socketPath}:${basePath}${path}`, { headers })
    const opened = once(socket, 'open').then(() => 101)
    const refused = once(socket, 'unexpected-response').then(
      ([, response]) => (response as { statusCode: number }).statusCode,
    )
    socket.on('error', () => undefined)
    const status = await Promise.race([opened, refused])
    socket.terminate()
    opened.catch(() => undefined)
    refused.catch(() => undefined)
    return status
  }
  expect(await upgrade('api/events/subscribe', {})).toBe(403)
  expect(await upgrade('nothing', {})).toBe(403)
  expect(await upgrade('api/events/subscribe', { authorization: `token ${secret}` })).toBe(101)
  expect(await upgrade(`api/events/subscribe?token=${secret}`, {})).toBe(101)
  expect(await upgrade('nothing', { authorization: `token ${secret}` })).toBe(404)
})

test('knows its base path, however it is encoded', async () => {
  const other = await startTestServer({ basePath: '/user/ada@lab' })
  const ask = (target: string) =>
    new Promise<string>((resolve) => {
      const socket = other.connect()
      socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: token ${secret}\r\n\r\n`)
      let text = ''
      socket.on('data', (piece: Buffer) => (text += piece.toString()))
      socket.once('close', () => resolve(text.split('\r\n')[0] ?? ''))
    })
  expect(await ask('/user/ada@lab/api')).toBe('HTTP/1.1 200 OK')
  expect(await ask('/user/ada%40lab/api/contents')).toBe('HTTP/1.1 200 OK')
  expect(await ask('/user/%61da%40lab/api/status')).toBe('HTTP/1.1 200 OK')
  expect(await ask('/user/ada@lab/../bob/api')).toBe('HTTP/1.1 404 Not Found')
  expect(await ask('/user/bob/api')).toBe('HTTP/1.1 404 Not Found')
  expect(await ask('/user/ada@labels/api')).toBe('HTTP/1.1 404 Not Found')
  await other[Symbol.asyncDispose]()
})

test('makes its socket for its owner alone, replaces a dead one and refuses a living one', async () => {
  expect((await stat(server.socketPath)).mode & 0o777).toBe(0o600)
  const second = await startTestServer()
  await expect(second.server.listen({ kind: 'socket', path: server.socketPath })).rejects.toThrow(
    'Another server listens',
  )
  await expect(second.server.listen({ kind: 'socket', path: `/${'x'.repeat(120)}` })).rejects.toThrow('too long')
  await expect(second.server.listen({ kind: 'socket', path: join(server.home, 'page.txt') })).rejects.toThrow(
    'no socket',
  )
  await second[Symbol.asyncDispose]()
  expect((await server.ask('GET', 'api')).status).toBe(200)
})

test('ends though a client keeps its connections', async () => {
  const ending = await startTestServer()
  const idle = ending.connect()
  const socket = new WebSocket(`ws+unix:${ending.socketPath}:${basePath}api/events/subscribe?token=${secret}`)
  await once(socket, 'open')
  await Promise.all([ending.server.close(), once(socket, 'close')])
  await expect(stat(ending.socketPath)).rejects.toThrow('ENOENT')
  idle.destroy()
  await ending[Symbol.asyncDispose]()
})
