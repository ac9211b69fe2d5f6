import { defineRoute } from '@cygnet/contract/route'
import { CygnetError } from '@cygnet/core/errors'
import SqliteDatabase from 'better-sqlite3'
import { once } from 'node:events'
import { rm, stat, writeFile } from 'node:fs/promises'
import { request as send, createServer } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { answerError } from './answer-error.ts'
import type { RouteModule } from './mount-route.ts'
import { createTestBrowser } from './testing/test-browser.ts'
import { createTestHub } from './testing/test-hub.ts'
import { sendRaw } from './testing/test-upgrade.ts'

const upload = defineRoute({
  method: 'PUT',
  path: '/api/v1/try/upload',
  summary: 'Counts the bytes of a body.',
  access: 'public',
  query: z.object({ unit: z.enum(['bytes', 'KiB']).default('bytes') }),
  response: z.object({ size: z.number() }),
})

const events = defineRoute({
  method: 'GET',
  path: '/api/v1/try/events/:name',
  summary: 'Never ends.',
  access: 'public',
  params: z.object({ name: z.string().max(5) }),
  response: 'stream',
})

const fails = defineRoute({
  method: 'POST',
  path: '/api/v1/try/fails',
  summary: 'Fails in the way that is asked for.',
  access: 'public',
  body: z.object({ how: z.enum(['known', 'unknown', 'undeclared']) }),
  response: z.object({ fine: z.boolean() }),
})

function createTries(left: string[]): RouteModule {
  return (mount) => {
    mount(upload, async ({ request, reply }) => {
      if (request.headers.expect !== undefined) reply.raw.writeContinue()
      let size = 0
      for await (const chunk of request.raw) size += (chunk as Buffer).length
      return { size, secret: 'not in the contract' }
    })
    mount(events, ({ params, reply, signal }) => {
      signal.addEventListener('abort', () => left.push(params.name))
      void reply.type('text/event-stream')
      const stream = new Readable({ read() {} })
      stream.push('data: 1\n\n')
      return stream
    })
    mount(fails, ({ body }) => {
      if (body.how === 'known') throw new CygnetError('unavailable', 'Not now.', { mend: 'Later.', retryAfter: 7.2 })
      if (body.how === 'unknown') throw new Error('a secret of the inside')
      return { fine: 'perhaps' } as never
    })
  }
}

test('a route takes streams, answers what it declares, and names what is wrong', async () => {
  const { url } = await createTestHub({ routes: [createTries([])] })
  const put = (path: string, body: string | Buffer) => fetch(`${url}/api/v1/try/upload${path}`, { method: 'PUT', body })
  expect(await (await put('', Buffer.alloc(3_000_000))).json()).toEqual({ size: 3_000_000 })
  const wrong = await put('?unit=stone', '')
  expect(wrong.status).toBe(400)
  expect(((await wrong.json()) as { message: string }).message).toMatch(/unit \(query\): .*"bytes".*"KiB"/)
  const long = await fetch(`${url}/api/v1/try/events/too-long`)
  expect(((await long.json()) as { message: string }).message).toContain('name (path)')
})

test('failures have their status and code, and those of the inside stay there', async () => {
  const { url, logged } = await createTestHub({ routes: [createTries([])] })
  const fail = (how: string, accept = 'application/json') =>
    fetch(`${url}/api/v1/try/fails?token=secret-in-the-address`, {
      method: 'POST',
      body: JSON.stringify({ how }),
      headers: { accept },
    })
  const known = await fail('known')
  expect([known.status, known.headers.get('retry-after')]).toEqual([503, '8'])
  expect(await known.json()).toEqual({
    status: 503,
    code: 'unavailable',
    message: 'Not now.',
    reason: null,
    mend: 'Later.',
  })
  for (const how of ['unknown', 'undeclared']) {
    const answer = await fail(how)
    expect(answer.status).toBe(500)
    expect(await answer.json()).toMatchObject({ code: 'internal', message: 'Something went wrong in the service.' })
  }
  expect(logged.join('')).toContain('a secret of the inside')
  expect(logged.join('')).not.toContain('secret-in-the-address')
  const missing = await fetch(`${url}/api/v1/try/fails`, { method: 'POST' })
  expect(await missing.json()).toMatchObject({ message: 'The request needs a JSON body.' })
})

test('a handler learns that its client went away', async () => {
  const left: string[] = []
  const { url } = await createTestHub({ routes: [createTries(left)] })
  const sent = send(`${url}/api/v1/try/events/ada`)
  sent.on('error', () => {})
  sent.end()
  await once(sent, 'response')
  sent.destroy()
  await expect.poll(() => left).toEqual(['ada'])
})

test('stopping waits for answers under way, but not for ever', async () => {
  const { hub, url, port } = await createTestHub({ routes: [createTries([])] })
  const endless = send(`${url}/api/v1/try/events/ada`)
  endless.on('error', () => {})
  endless.end()
  const [answer] = (await once(endless, 'response')) as [Readable]
  answer.on('error', () => {})
  const ended = new Promise((resolve) => answer.once('close', resolve))
  const idle = connect(port, '127.0.0.1')
  await once(idle, 'connect')
  idle.resume()
  const closed = once(idle, 'close')
  await hub.close()
  await Promise.all([ended, closed])
  await expect(fetch(url)).rejects.toThrow()
})

test('whoever asks before sending is told what the answer is, without sending', async () => {
  const { port, auth } = await createTestHub({ routes: [createTries([])] })
  expect(await sendRaw(port, toHead('/hub/api/users'))).toMatch(/^HTTP\/1\.1 404 /)
  expect(await sendRaw(port, toHead('/user/ada/api/contents/x'))).toMatch(/^HTTP\/1\.1 403 /)
  const taken = await sendRaw(port, `${toHead('/api/v1/try/upload')}body`)
  expect(taken).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /)
  expect(taken).toContain('{"size":4}')
  const { secret } = await auth.tokens.create(await auth.accounts.create({ name: 'ada' }), { note: '' })
  const visit = await sendRaw(port, `${toHead('/user/ada/api', `Authorization: token ${secret}\r\n`)}body`)
  expect(visit).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /)
})

test('a server that is gone shows the button that starts it, to people; programs hear 424', async () => {
  const gone = new CygnetError('server-stopped', 'Your server is not running.')
  const { auth, url } = await createTestHub({
    proxy: { request: (request, response) => answerError(request, response, gone), upgrade: () => {} },
  })
  await auth.accounts.create({ name: 'ada', password: 'a good password' })
  const browser = createTestBrowser(url)
  await browser.signIn('ada', 'a good password')
  const page = await browser.get('/user/ada/lab/tree/a%20b.ipynb?x="><i>')
  expect(page.status).toBe(424)
  const text = await page.text()
  expect(text).toContain(
    'href="/start?next=%2Fuser%2Fada%2Flab%2Ftree%2Fa%2520b.ipynb%3Fx%3D%2522%253E%253Ci%253E&#38;again=1"',
  )
  const api = await browser.get('/user/ada/api/status')
  expect(api.status).toBe(424)
  expect(await api.json()).toMatchObject({ code: 'server-stopped', message: 'Your server is not running.' })
  expect((await browser.call('GET', '/user/ada/lab')).headers.get('content-type')).toContain('json')
})

test('a port that is taken and an address that is not ours are named', async () => {
  const { hub } = await createTestHub()
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const address = other.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  await hub.close()
  await expect(hub.listen({ host: '127.0.0.1', port })).rejects.toMatchObject({
    code: 'conflict',
    message: `The port ${port} of 127.0.0.1 is taken.`,
  })
  await expect(hub.listen({ host: '203.0.113.7', port: 0 })).rejects.toMatchObject({ code: 'bad-request' })
  other.close()
})

test('the socket of a killed service is replaced, that of a living one is not', async () => {
  const { hub, adminSocket } = await createTestHub()
  const { hub: second } = await createTestHub()
  await second.close()
  await expect(second.listenAdmin(adminSocket)).rejects.toMatchObject({ code: 'conflict' })
  await hub.close()
  await rm(adminSocket, { force: true })
  await writeFile(adminSocket, '')
  await second.listenAdmin(adminSocket)
  expect((await stat(adminSocket)).isSocket()).toBe(true)
  await second.close()
})

test('sending for ever to a refusal is cut off, and others are served meanwhile', async () => {
  const { port, url } = await createTestHub()
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write('POST /hub/api/users/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n')
  const [answer] = (await once(socket, 'data')) as [Buffer]
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 403 /)
  expect((await fetch(`${url}/hub/api/health`)).status).toBe(200)
  await once(socket, 'close')
}, 30_000)

/** The head of an upload of four bytes that waits for permission. */
function toHead(path: string, more = ''): string {
  return `PUT ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n${more}\r\n`
}

/** Holds the lock of a hub's database as another program does, until it is let go of or the test ends. */
function holdLock(folder: string): { letGo: () => void } {
  const another = new SqliteDatabase(join(folder, 'cygnet.sqlite'))
  another.exec('begin immediate')
  onTestFinished(() => void another.close())
  return { letGo: () => void another.exec('rollback') }
}

test('while another program holds the database’s lock all else is answered, and who writes goes on afterwards', async () => {
  const { hub, folder } = await createTestHub()
  const { letGo } = holdLock(folder)
  const adding = hub.inject({ method: 'POST', url: '/hub/api/users/ann' })
  expect(await hub.inject({ method: 'GET', url: '/hub/api/users' })).toMatchObject({ status: 200 })
  letGo()
  expect(await adding).toMatchObject({ status: 201 })
})

test('a lock that is held too long is told as such, and when to come again', async () => {
  const { hub, folder } = await createTestHub({ patienceMs: 20 })
  const { letGo } = holdLock(folder)
  const answer = await hub.inject({ method: 'POST', url: '/hub/api/users/ann' })
  expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '2' } })
  expect(JSON.parse(answer.body)).toMatchObject({ code: 'unavailable', mend: 'Try again in a moment.' })
  letGo()
  expect(await hub.inject({ method: 'POST', url: '/hub/api/users/ann' })).toMatchObject({ status: 201 })
})
