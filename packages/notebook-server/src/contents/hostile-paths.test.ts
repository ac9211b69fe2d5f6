import { execFileSync } from 'node:child_process'
import { link, mkdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../testing/test-server.ts'
import type { ContentsModel } from './model.ts'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer()
  await mkdir(join(server.folder, 'elsewhere'))
  await writeFile(join(server.folder, 'elsewhere/secret.txt'), 'not yours')
  await writeFile(join(server.folder, 'home-too'), 'not yours')
  await mkdir(join(server.home, 'inside'))
  await writeFile(join(server.home, 'inside/own.txt'), 'own')
})

afterAll(() => server[Symbol.asyncDispose]())

const text = { type: 'file', format: 'text', content: 'changed' }

test.each([
  '../elsewhere/secret.txt',
  'inside/../../elsewhere/secret.txt',
  '..%2felsewhere%2fsecret.txt',
  '%2e%2e/elsewhere/secret.txt',
  '%2e%2e%2felsewhere%2fsecret.txt',
  '/../elsewhere/secret.txt',
  '//..//elsewhere/secret.txt',
  'inside/%2e%2e/..%2f/elsewhere/secret.txt',
  './../elsewhere/secret.txt',
  '../home-too',
])('answers 404 to %s, whatever is asked', async (path) => {
  for (const [method, body] of [['GET'], ['PUT', text], ['DELETE'], ['PATCH', { path: 'stolen' }]] as const) {
    const answer = await server.ask(method, `api/contents/${path}`, body)
    expect({ method, status: answer.status }).toEqual({ method, status: 404 })
    expect(answer.text).not.toContain('not yours')
  }
  expect((await server.ask('GET', `files/${path}`)).status).toBe(404)
  expect(await readFile(join(server.folder, 'elsewhere/secret.txt'), 'utf8')).toBe('not yours')
})

test('does not move or copy to the outside either', async () => {
  const moved = await server.ask('PATCH', 'api/contents/inside/own.txt', { path: '../own.txt' })
  expect(moved.status).toBe(404)
  expect(moved.json()['message']).toContain('outside the served folder')
  expect((await server.ask('POST', 'api/contents/inside', { copy_from: '../elsewhere/secret.txt' })).status).toBe(404)
  expect((await server.ask('POST', 'api/contents/..', { type: 'file' })).status).toBe(404)
  expect((await server.ask('POST', 'api/contents/inside', { type: 'file', ext: '/../../x' })).status).toBe(400)
  expect(await server.get('inside')).toMatchObject({ content: [{ name: 'own.txt' }] })
})

test('follows links that stay inside', async () => {
  await symlink('inside', join(server.home, 'folder-link'))
  await symlink(join(server.home, 'inside/own.txt'), join(server.home, 'file-link'))

  expect(await server.get('folder-link/own.txt')).toMatchObject({ content: 'own', path: 'folder-link/own.txt' })
  expect(await server.get('file-link')).toMatchObject({ content: 'own', size: 3 })
  expect((await server.ask('PUT', 'api/contents/file-link', text)).status).toBe(200)
  expect(await readFile(join(server.home, 'inside/own.txt'), 'utf8')).toBe('changed')
  expect(await readlink(join(server.home, 'file-link'))).toBe(join(server.home, 'inside/own.txt'))
})

test('refuses links that lead out, and deletes the link only', async () => {
  await symlink('../elsewhere', join(server.home, 'way-out'))
  await symlink(join(server.folder, 'elsewhere/secret.txt'), join(server.home, 'file-out'))
  await symlink('loop', join(server.home, 'loop'))

  for (const path of ['way-out/secret.txt', 'file-out', 'way-out']) {
    for (const [method, body] of [['GET'], ['PUT', text]] as const) {
      const answer = await server.ask(method, `api/contents/${path}`, body)
      expect({ path, method, status: answer.status }).toEqual({ path, method, status: 403 })
      expect(answer.json()['message']).toMatch(/leads out of the served folder/)
    }
    expect((await server.ask('GET', `files/${path}`)).status).toBe(403)
    expect((await server.ask('POST', 'api/contents', { copy_from: path })).status).toBe(403)
    expect((await server.ask('POST', `api/contents/${path}/checkpoints`)).status).toBe(403)
  }
  expect((await server.ask('POST', 'api/contents/way-out', { type: 'notebook' })).status).toBe(403)
  expect((await server.ask('DELETE', 'api/contents/way-out/secret.txt')).status).toBe(403)
  expect((await server.ask('PATCH', 'api/contents/inside', { path: 'way-out/inside' })).status).toBe(403)
  expect((await server.ask('GET', 'api/contents/loop')).status).toBe(404)
  const listed = (await server.get('')).content as ContentsModel[]
  expect(listed.find((entry) => entry.name === 'way-out')).toMatchObject({ type: 'file', writable: false })

  for (const path of ['way-out', 'file-out', 'loop']) {
    expect((await server.ask('DELETE', `api/contents/${path}`)).status).toBe(204)
  }
  expect(await readFile(join(server.folder, 'elsewhere/secret.txt'), 'utf8')).toBe('not yours')
})

test('keeps checkpoints inside though their folder is a link', async () => {
  await mkdir(join(server.home, 'trap'))
  await symlink('../../elsewhere', join(server.home, 'trap/.ipynb_checkpoints'))
  await server.ask('PUT', 'api/contents/trap/x.txt', text)

  const answer = await server.ask('POST', 'api/contents/trap/x.txt/checkpoints')
  expect(answer.status).toBe(403)
  expect(answer.json()['message']).toContain('leads out of the served folder')
})

test('answers 400 to a name of 300 bytes, and says so', async () => {
  const requests: Array<[string, string, unknown?]> = [
    ['GET', `api/contents/${'n'.repeat(300)}`],
    ['PUT', `api/contents/${'n'.repeat(300)}.txt`, text],
    ['PUT', `api/contents/${encodeURIComponent('é'.repeat(150))}`, text],
    ['PATCH', 'api/contents/inside/own.txt', { path: 'n'.repeat(300) }],
    ['POST', 'api/contents/inside', { ext: `.${'n'.repeat(300)}` }],
  ]
  for (const [method, path, body] of requests) {
    const answer = await server.ask(method, path, body)
    expect({ method, status: answer.status }).toEqual({ method, status: 400 })
    expect(answer.json()).toMatchObject({
      message: expect.stringContaining('too long'),
      mend: 'Use a name of at most 255 bytes.',
    })
  }
})

test('takes a name of 255 bytes, with its checkpoint', async () => {
  const name = `${'n'.repeat(249)}.ipynb`
  expect((await server.ask('PUT', `api/contents/${name}`, { type: 'notebook' })).status).toBe(201)
  expect((await server.ask('GET', `api/contents/${name}/checkpoints`)).json()).toHaveLength(1)
})

test('keeps names as they are: composed, decomposed, with any sign', async () => {
  const names = ['caf\u00e9.txt', 'cafe\u0301.txt', '日本 語.txt', '#?&%25 "\'\\.txt', '😀', ' blank ', '-rf', '%2e%2e']
  for (const name of names) {
    const path = `api/contents/inside/${encodeURIComponent(name)}`
    const saved = await server.ask('PUT', path, { type: 'file', format: 'text', content: name })
    expect(saved.status).toBe(201)
    expect(saved.json()).toMatchObject({ name, path: `inside/${name}` })
    expect(saved.headers.location).toBe(`/user/ada/${path}`)
    expect((await server.ask('GET', path)).json()).toMatchObject({ content: name })
    const download = await server.ask('GET', `files/inside/${encodeURIComponent(name)}?download=1`)
    expect(download.text).toBe(name)
    expect(download.headers['content-disposition']).toContain(`filename*=UTF-8''`)
  }
  const listed = ((await server.get('inside')).content as ContentsModel[]).map((entry) => entry.name)
  expect(listed).toEqual(expect.arrayContaining(names))
})

test('answers what cannot be decoded, and NUL, as errors of the usual form', async () => {
  expect((await server.ask('GET', 'api/contents/%zz')).json()).toMatchObject({ status: 400, code: 'bad-request' })
  expect((await server.ask('GET', 'api/contents/%ff')).json()).toMatchObject({ status: 400, code: 'bad-request' })
  expect((await server.ask('GET', 'api/contents/a%00b')).json()).toMatchObject({ status: 404, code: 'not-found' })
})

test('does not wait for a pipe', async () => {
  execFileSync('mkfifo', [join(server.home, 'pipe')])
  await link(join(server.home, 'pipe'), join(server.home, 'pipe.ipynb'))

  for (const path of ['pipe', 'pipe.ipynb']) {
    const answer = await server.ask('GET', `api/contents/${path}`)
    expect(answer.status).toBe(400)
    expect(answer.json()['message']).toContain('no regular file')
    expect((await server.ask('GET', `files/${path}`)).status).toBe(400)
    expect((await server.ask('PUT', `api/contents/${path}`, text)).status).toBe(400)
    expect((await server.ask('POST', 'api/contents', { copy_from: path })).status).toBe(400)
  }
})
