import { once, type EventEmitter } from 'node:events'
import { truncate, writeFile } from 'node:fs/promises'
import { request, type IncomingMessage, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import type { Share } from '@cygnet/contract/v1/shares'
import { expect, onTestFinished, test } from 'vitest'
import { at, createFileGround, type Caller } from './files.fixture.ts'

/** Larger than what the buffers on the way take. */
const large = 64 * 1024 * 1024

/** Begins to read something large and stops; resolves once the answer is on its way. */
async function beginDownload(server: Server, url: string, headers: Record<string, string> = {}) {
  const connected = once(server, 'connection') as Promise<[Socket]>
  const sent = request(url, { headers, agent: false })
  sent.end()
  sent.on('error', () => {})
  onTestFinished(() => void sent.destroy())
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  answer.on('error', () => {})
  answer.pause()
  expect(answer.statusCode).toBe(200)
  // Who does not read does not notice either: the service's end of the connection tells.
  const [socket] = await connected
  const closed = closeOf(socket)
  const isGone = closeOf(answer)
  return {
    async isCut() {
      await closed
      answer.resume()
      await isGone
      return !answer.complete
    },
    async readAll() {
      let length = 0
      answer.on('data', (piece: Buffer) => (length += piece.length)).resume()
      await isGone
      return length
    },
  }
}

/** Unlike `once`, an error that comes before it is no matter. */
function closeOf(emitter: EventEmitter): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  emitter.once('close', () => resolve())
  return promise
}

async function withLarge() {
  const files = await createFileGround()
  await writeFile(join(files.home('ann'), 'large.bin'), '')
  await truncate(join(files.home('ann'), 'large.bin'), large)
  const ann = await files.as('ann')
  const share = async (to: object) => ann.call<Share>('POST', '/api/v1/shares', { path: 'large.bin', to })
  return { ...files, ann, share }
}

const linkPath = (share: Share): string =>
  at(`link-${share.to.type === 'link' ? share.to.token : ''}`, 'content', '', { download: '1' })

test('a link that expires ends what is being read by it; one whose end is moved goes on', async () => {
  const { hub, url, ann, share } = await withLarge()
  const soon = () => new Date(Date.now() + 3000).toISOString()
  const link = await share({ type: 'link', expires: soon() })
  const moved = await share({ type: 'link', expires: soon() })
  const ends = await beginDownload(hub.server, url + linkPath(link))
  const goesOn = await beginDownload(hub.server, url + linkPath(moved))
  await ann.call('PATCH', `/api/v1/shares/${moved.id}`, { expires: new Date(Date.now() + 86_400_000).toISOString() })
  expect(await ends.isCut()).toBe(true)
  expect((await fetch(url + linkPath(link))).status).toBe(410)
  expect(await goesOn.readAll()).toBe(large)
})

test.each([
  ['revoked', (ann: Caller, { id }: Share) => ann.call('DELETE', `/api/v1/shares/${id}`)],
  ['given a password', (ann: Caller, { id }: Share) => ann.call('PATCH', `/api/v1/shares/${id}`, { password: 'new' })],
  ['of something deleted', (ann: Caller) => ann.call('DELETE', at('home', 'entry', 'large.bin'))],
])('a link that is %s ends what is being read by it', async (_, end) => {
  const { hub, url, ann, share } = await withLarge()
  const link = await share({ type: 'link' })
  const download = await beginDownload(hub.server, url + linkPath(link))
  await end(ann, link)
  expect(await download.isCut()).toBe(true)
})

test('a share that is taken back ends what its recipient reads', async () => {
  const { hub, url, as, ann, share } = await withLarge()
  const bob = await as('bob')
  const shared = await share({ type: 'user', name: 'bob', access: 'read' })
  const download = await beginDownload(
    hub.server,
    url + at(`share-${shared.id}`, 'content', '', { download: '1' }),
    bob.headers,
  )
  await ann.call('DELETE', `/api/v1/shares/${shared.id}`)
  expect(await download.isCut()).toBe(true)
})

test('the proof of a link’s password is kept no longer than the link lasts', async () => {
  const { url, share } = await withLarge()
  const expires = new Date(Math.ceil(Date.now() / 1000) * 1000 + 86_400_000)
  const link = await share({ type: 'link', password: 'open it', expires: expires.toISOString() })
  const token = link.to.type === 'link' ? link.to.token : ''
  const unlocked = await fetch(`${url}/api/v1/links/${token}/unlock`, {
    method: 'POST',
    body: JSON.stringify({ password: 'open it' }),
  })
  for (const cookie of unlocked.headers.getSetCookie()) expect(cookie).toContain(`Expires=${expires.toUTCString()}`)
})

test('a token that expires or is revoked ends the downloads and uploads that go on by it', async () => {
  const { hub, url, auth, pass } = await withLarge()
  const user = await auth.accounts.find('ann')
  if (user === undefined) throw new Error('There is no ann.')
  const brief = await auth.tokens.create(user, { note: '', lifetime: 3600 })
  const lasting = await auth.tokens.create(user, { note: '' })
  const toHeaders = (secret: string) => ({ authorization: `token ${secret}` })
  const path = url + at('home', 'content', 'large.bin', { download: '1' })
  const [ends, revoked] = [
    await beginDownload(hub.server, path, toHeaders(brief.secret)),
    await beginDownload(hub.server, path, toHeaders(lasting.secret)),
  ]
  const upload = request(url + at('home', 'content', 'new.bin'), {
    method: 'PUT',
    headers: { ...toHeaders(brief.secret), expect: '100-continue' },
  })
  onTestFinished(() => void upload.destroy())
  upload.flushHeaders()
  await once(upload, 'continue')
  upload.write('the first of it')
  const uploadEnds = closeOf(upload)
  upload.on('error', () => {})

  pass(3601)
  expect(await ends.isCut()).toBe(true)
  await uploadEnds
  expect((await fetch(url + at('home', 'entry', 'new.bin'), { headers: toHeaders(lasting.secret) })).status).toBe(404)
  await auth.tokens.revoke(user, lasting.token.id)
  expect(await revoked.isCut()).toBe(true)
})

test('the request that ends its own sign-in is answered', async () => {
  const { url, auth } = await withLarge()
  const user = await auth.accounts.find('ann')
  if (user === undefined) throw new Error('There is no ann.')
  const { token, secret } = await auth.tokens.create(user, { note: '' })
  const headers = { authorization: `token ${secret}` }
  const answer = await fetch(`${url}/hub/api/users/ann/tokens/${token.id}`, { method: 'DELETE', headers })
  expect(answer.status).toBe(204)
})
