import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../testing/test-server.ts'
import type { ContentsModel } from './model.ts'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer()
})

afterAll(() => server[Symbol.asyncDispose]())

/** Names as Latin 1, a character a byte. */
function at(...names: string[]): Buffer {
  return Buffer.concat([Buffer.from(server.home), ...names.map((name) => Buffer.from(`/${name}`, 'latin1'))])
}

async function bytesIn(...names: string[]): Promise<string[]> {
  return (await readdir(at(...names), { encoding: 'buffer' })).map((name) => name.toString('latin1')).toSorted()
}

async function ask(method: string, path: string, body?: object): Promise<ContentsModel> {
  const answer = await server.ask(method, `api/contents/${path.split('/').map(encodeURIComponent).join('/')}`, body)
  expect({ method, path, status: answer.status, text: answer.text }).toMatchObject({
    status: expect.toSatisfy((status: number) => status >= 200 && status < 300),
  })
  return answer.text === '' ? ({} as ContentsModel) : answer.model()
}

async function namesIn(path: string): Promise<string[]> {
  return ((await ask('GET', path)).content as ContentsModel[]).map(({ name }) => name).toSorted()
}

test('what is no UTF-8 is listed, opened, saved, renamed, copied and deleted', async () => {
  await mkdir(at('\xfcbung', 'sub\xe9'), { recursive: true })
  await writeFile(at('\xfcbung', 'caf\xe9.txt'), 'old')
  await writeFile(at('\xfcbung', 'sub\xe9', '\xff.txt'), 'deep')
  await symlink(Buffer.from('caf\xe9.txt', 'latin1'), at('\xfcbung', 'link'))

  expect(await namesIn('')).toContain('‛FCbung')
  expect(await namesIn('‛FCbung')).toEqual(['caf‛E9.txt', 'link', 'sub‛E9'].toSorted())
  expect(await ask('GET', '‛FCbung/caf‛E9.txt')).toMatchObject({ name: 'caf‛E9.txt', content: 'old', writable: true })
  expect(await ask('GET', '‛FCbung/link')).toMatchObject({ content: 'old' })
  const file = await server.ask('GET', `files/${encodeURIComponent('‛FCbung')}/${encodeURIComponent('caf‛E9.txt')}`)
  expect([file.status, file.text]).toEqual([200, 'old'])

  const text = { type: 'file', format: 'text', content: 'new' }
  expect(await ask('PUT', '‛FCbung/link', text)).toMatchObject({ path: '‛FCbung/link' })
  expect(await readFile(at('\xfcbung', 'caf\xe9.txt'), 'utf8')).toBe('new')
  await ask('PUT', '‛FCbung/na‛EFve.txt', { ...text, chunk: 1 })
  await ask('PUT', '‛FCbung/na‛EFve.txt', { ...text, chunk: -1 })
  expect(await bytesIn('\xfcbung')).toEqual(['caf\xe9.txt', 'link', 'na\xefve.txt', 'sub\xe9'])

  await ask('POST', '‛FCbung/caf‛E9.txt/checkpoints')
  await ask('PUT', '‛FCbung/caf‛E9.txt', { ...text, content: 'newer' })
  await ask('POST', '‛FCbung/caf‛E9.txt/checkpoints/checkpoint')
  expect(await bytesIn('\xfcbung', '.ipynb_checkpoints')).toEqual(['caf\xe9-checkpoint.txt'])
  expect(await ask('GET', '‛FCbung/caf‛E9.txt')).toMatchObject({ content: 'new' })

  expect(await ask('POST', '', { copy_from: '‛FCbung' })).toMatchObject({ path: '‛FCbung-Copy1' })
  expect(await bytesIn('\xfcbung-Copy1')).toEqual(await bytesIn('\xfcbung'))
  expect(await readFile(at('\xfcbung-Copy1', 'sub\xe9', '\xff.txt'), 'utf8')).toBe('deep')
  expect(await ask('POST', '‛FCbung', { copy_from: '‛FCbung/caf‛E9.txt' })).toMatchObject({
    path: '‛FCbung/caf‛E9-Copy1.txt',
  })
  expect(await ask('POST', '‛FCbung', { type: 'notebook' })).toMatchObject({ path: '‛FCbung/Untitled.ipynb' })

  expect(await ask('PATCH', '‛FCbung/caf‛E9.txt', { path: 'café.txt' })).toMatchObject({ path: 'café.txt' })
  expect(await readFile(join(server.home, 'café.txt'), 'utf8')).toBe('new')
  expect(await ask('PATCH', 'café.txt', { path: '‛FCbung/caf‛E9.txt' })).toMatchObject({ name: 'caf‛E9.txt' })
  await ask('DELETE', '‛FCbung/caf‛E9.txt')
  await ask('DELETE', '‛FCbung')
  await ask('DELETE', '‛FCbung-Copy1')
  expect(await bytesIn()).not.toContainEqual(expect.stringMatching(/\xfcbung/))
})

test('a copy of a folder has its modes, times and links', async () => {
  await mkdir(join(server.home, 'tree/closed'), { recursive: true })
  await writeFile(join(server.home, 'tree/closed/run.sh'), 'x', { mode: 0o750 })
  await symlink('../nowhere', join(server.home, 'tree/link'))
  await ask('POST', '', { copy_from: 'tree' })
  const [old, copy] = await Promise.all(
    ['tree', 'tree-Copy1'].map((name) => stat(join(server.home, name, 'closed/run.sh'))),
  )
  expect(copy?.mode).toBe(old?.mode)
  expect(copy?.mtime).toEqual(old?.mtime)
  expect(await readdir(join(server.home, 'tree-Copy1'))).toEqual(['closed', 'link'])
})

test.each([
  'a line\nand another',
  '\u0001\u001b',
  ' blanks ',
  'é',
  'e\u0301',
  '100%25',
  'rock ‛n’ roll',
  '‛FF'.repeat(255),
])('bytes are bytes: %j', async (name) => {
  await ask('PUT', name, { type: 'file', format: 'text', content: name })
  expect(await namesIn('')).toContain(name)
  expect(await ask('GET', name)).toMatchObject({ name, content: name })
  await ask('PATCH', name, { path: 'other' })
  await ask('PATCH', 'other', { path: name })
  await ask('DELETE', name)
})
