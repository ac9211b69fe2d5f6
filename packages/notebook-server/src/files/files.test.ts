import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../testing/test-server.ts'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer()
  await writeFile(join(server.home, 'page.html'), '<script>alert(1)</script>')
  await writeFile(join(server.home, 'digits.bin'), '0123456789')
  await writeFile(join(server.home, 'n.ipynb'), '{}')
  await writeFile(join(server.home, 'empty.txt'), '')
  await mkdir(join(server.home, 'folder'))
})

afterAll(() => server[Symbol.asyncDispose]())

test('sends pages in a sandbox of their own', async () => {
  const answer = await server.ask('GET', 'files/page.html')
  expect(answer.text).toBe('<script>alert(1)</script>')
  expect(answer.headers).toMatchObject({
    'content-type': 'text/html',
    'content-security-policy': expect.stringContaining('sandbox allow-scripts'),
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-cache',
  })
  const frame = await server.ask('GET', 'view/page.html')
  expect(frame.text).toContain('sandbox="allow-scripts" src="/user/ada/files/page.html"')
  expect((await server.ask('GET', 'view/digits.bin')).headers.location).toBe('/user/ada/files/digits.bin')
})

test('downloads under the file’s name', async () => {
  const name = 'résumé "1";.txt'
  await writeFile(join(server.home, name), 'x')
  const download = await server.ask('GET', `files/${encodeURIComponent(name)}?download=1`)
  expect(download.headers['content-disposition']).toBe(
    `attachment; filename="r_sum_ _1_;.txt"; filename*=UTF-8''r%C3%A9sum%C3%A9%20%221%22%3B.txt`,
  )
  expect((await server.ask('GET', 'files/n.ipynb')).headers['content-disposition']).toContain('n.ipynb')
  expect((await server.ask('GET', 'files/page.html')).headers['content-disposition']).toBeUndefined()
})

test.each([
  ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
  ['bytes=7-', 206, '789', 'bytes 7-9/10'],
  ['bytes=-3', 206, '789', 'bytes 7-9/10'],
  ['bytes=8-100', 206, '89', 'bytes 8-9/10'],
  ['bytes=0-0,2-2', 200, '0123456789', undefined],
  ['lines=1-2', 200, '0123456789', undefined],
  ['bytes=4-2', 200, '0123456789', undefined],
])('answers the range %s', async (range, status, text, contentRange) => {
  const answer = await server.ask('GET', 'files/digits.bin', undefined, { range })
  expect({ status: answer.status, text: answer.text }).toEqual({ status, text })
  expect(answer.headers['content-range']).toBe(contentRange)
  expect(answer.headers['content-length']).toBe(String(text.length))
})

test('refuses a range beyond the end', async () => {
  const answer = await server.ask('GET', 'files/digits.bin', undefined, { range: 'bytes=10-' })
  expect(answer.status).toBe(416)
  expect(answer.headers['content-range']).toBe('bytes */10')
})

test('sends again only what has changed', async () => {
  const first = await server.ask('GET', 'files/digits.bin')
  const etag = String(first.headers.etag)
  const again = await server.ask('GET', 'files/digits.bin', undefined, { 'if-none-match': `"x", ${etag}` })
  expect(again.status).toBe(304)
  expect(again.bytes).toHaveLength(0)
  const since = { 'if-modified-since': String(first.headers['last-modified']) }
  expect((await server.ask('GET', 'files/digits.bin', undefined, since)).status).toBe(304)
  const other = await server.ask('GET', 'files/digits.bin', undefined, { range: 'bytes=0-1', 'if-range': '"other"' })
  expect(other.status).toBe(200)
  const same = await server.ask('GET', 'files/digits.bin', undefined, { range: 'bytes=0-1', 'if-range': etag })
  expect(same.status).toBe(206)
})

test('tells of a file without sending it', async () => {
  const head = await server.ask('HEAD', 'files/digits.bin')
  expect(head.status).toBe(200)
  expect(head.headers['content-length']).toBe('10')
  expect(head.bytes).toHaveLength(0)
})

test('sends empty files, and says what is no file', async () => {
  const empty = await server.ask('GET', 'files/empty.txt')
  expect({ status: empty.status, length: empty.headers['content-length'] }).toEqual({ status: 200, length: '0' })
  expect((await server.ask('GET', 'files/missing')).json()).toMatchObject({ status: 404, code: 'not-found' })
  expect((await server.ask('GET', 'files/folder')).status).toBe(400)
})
