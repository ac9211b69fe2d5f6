import { mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, toCodeCell, toNotebook, type TestServer } from '../testing/test-server.ts'
import type { ContentsModel } from './model.ts'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer()
})

afterAll(() => server[Symbol.asyncDispose]())

function api(path: string): string {
  return `api/contents/${path}`
}

test('gives the models of files as Jupyter Server does', async () => {
  await writeFile(join(server.home, 'table.csv'), 'a,b\n')
  await utimes(join(server.home, 'table.csv'), 1_700_000_000, 1_700_000_000.123456)

  expect(await server.get('table.csv')).toEqual({
    name: 'table.csv',
    path: 'table.csv',
    type: 'file',
    writable: true,
    created: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z$/),
    last_modified: '2023-11-14T22:13:20.123456Z',
    size: 4,
    mimetype: 'text/csv',
    format: 'text',
    content: 'a,b\n',
    hash: null,
    hash_algorithm: null,
  })
  expect(await server.get('table.csv?content=0&hash=1')).toMatchObject({
    content: null,
    format: null,
    hash: '5be08c9684a1d25efcee09318204824278b08bbfb4aef973ffefd0b9d7478313',
    hash_algorithm: 'sha256',
  })
})

test('sends text as text only where it is valid UTF-8', async () => {
  await writeFile(join(server.home, 'utf8.txt'), '\uFEFFé')
  await writeFile(join(server.home, 'latin1.txt'), Buffer.from([0x63, 0x61, 0x66, 0xe9]))

  expect(await server.get('utf8.txt')).toMatchObject({ format: 'text', content: '\uFEFFé' })
  expect(await server.get('latin1.txt')).toMatchObject({ format: 'base64', content: 'Y2Fm6Q==' })
  const refused = await server.ask('GET', api('latin1.txt?format=text'))
  expect(refused.status).toBe(400)
  expect(refused.json()).toMatchObject({ message: '"latin1.txt" is not UTF-8 encoded.', reason: null })
})

test('lists a folder with the models of what is in it', async () => {
  await mkdir(join(server.home, 'listed/inner/__pycache__'), { recursive: true })
  await writeFile(join(server.home, 'listed/n.ipynb'), '{}')
  await writeFile(join(server.home, 'listed/backup.txt~'), '')
  await writeFile(join(server.home, 'listed/.~cygnet-1.tmp'), '')
  await writeFile(join(server.home, 'listed/.hidden'), '')
  await symlink('nowhere', join(server.home, 'listed/dangling'))

  const folder = await server.get('listed')

  expect(folder).toMatchObject({ type: 'directory', format: 'json', size: null, mimetype: null })
  const entries = folder.content as ContentsModel[]
  expect(entries.map(({ path, type, writable }) => ({ path, type, writable }))).toEqual(
    expect.arrayContaining([
      { path: 'listed/inner', type: 'directory', writable: true },
      { path: 'listed/n.ipynb', type: 'notebook', writable: true },
      { path: 'listed/.hidden', type: 'file', writable: true },
      { path: 'listed/dangling', type: 'file', writable: false },
    ]),
  )
  expect(entries).toHaveLength(4)
  expect(entries.every((entry) => entry.content === null && entry.format === null)).toBe(true)
  expect(await server.get('listed/inner')).toMatchObject({ content: [] })
})

test('lists ten thousand files', async () => {
  const folder = join(server.home, 'large')
  await mkdir(folder)
  await Promise.all(Array.from({ length: 10_000 }, (_, index) => writeFile(join(folder, `f${index}`), '')))

  const answer = await server.ask('GET', api('large'), undefined, { 'accept-encoding': 'gzip' })

  expect(answer.status).toBe(200)
  expect(answer.headers['content-encoding']).toBe('gzip')
  expect((await server.get('large')).content).toHaveLength(10_000)
  const again = await server.ask('GET', api('large'), undefined, { 'if-none-match': String(answer.headers.etag) })
  expect(again.status).toBe(304)
})

test('makes untitled files under the first free name', async () => {
  await mkdir(join(server.home, 'fresh'))
  const bodies = [
    {},
    { type: 'notebook' },
    { type: 'notebook' },
    { type: 'directory' },
    { type: 'directory' },
    { ext: '.py' },
  ]
  const made: string[] = []
  for (const body of bodies) {
    const answer = await server.ask('POST', api('fresh'), body)
    expect(answer.status).toBe(201)
    const { path } = answer.model()
    expect(answer.headers.location).toBe(`/user/ada/api/contents/${encodeURI(path)}`)
    made.push(path)
  }
  expect(made).toEqual([
    'fresh/untitled',
    'fresh/Untitled.ipynb',
    'fresh/Untitled1.ipynb',
    'fresh/Untitled Folder',
    'fresh/Untitled Folder 1',
    'fresh/untitled.py',
  ])
  expect(await server.get('fresh/Untitled.ipynb')).toMatchObject({
    content: { cells: [], nbformat: 4, nbformat_minor: 5, metadata: {} },
  })
})

test('makes as many files as are asked for at the same time', async () => {
  await mkdir(join(server.home, 'rush'))
  const answers = await Promise.all(Array.from({ length: 20 }, () => server.ask('POST', api('rush'), { type: 'file' })))
  expect(new Set(answers.map((answer) => answer.model().path)).size).toBe(20)
})

test('copies files and folders', async () => {
  await mkdir(join(server.home, 'original/deep'), { recursive: true })
  await writeFile(join(server.home, 'original/deep/x.tar.gz'), 'x')
  await symlink('deep', join(server.home, 'original/link'))
  await mkdir(join(server.home, 'copies'))
  async function copy(from: string): Promise<unknown> {
    return (await server.ask('POST', api('copies'), { copy_from: from })).json()['path']
  }

  expect(await copy('original/deep/x.tar.gz')).toBe('copies/x.tar.gz')
  expect(await copy('original/deep/x.tar.gz')).toBe('copies/x-Copy1.tar.gz')
  expect(await copy('copies/x-Copy1.tar.gz')).toBe('copies/x-Copy2.tar.gz')
  expect(await copy('original')).toBe('copies/original')
  expect(await readFile(join(server.home, 'copies/original/link/x.tar.gz'), 'utf8')).toBe('x')
  expect((await server.ask('POST', api('copies'), { copy_from: 'copies' })).status).toBe(400)
  expect((await server.ask('POST', api('copies'), { copy_from: 'missing' })).status).toBe(404)
  expect(await readdir(join(server.home, 'copies'))).not.toContain('copies')
})

test('renames and moves, never over another file', async () => {
  await mkdir(join(server.home, 'there'))
  await writeFile(join(server.home, 'one.txt'), '1')
  await writeFile(join(server.home, 'two.txt'), '2')

  const moved = await server.ask('PATCH', api('one.txt'), { path: 'there/uno.txt' })
  expect(moved.status).toBe(200)
  expect(moved.json()).toMatchObject({ name: 'uno.txt', path: 'there/uno.txt', content: null })
  const refused = await server.ask('PATCH', api('two.txt'), { path: 'there/uno.txt' })
  expect(refused.status).toBe(409)
  expect(refused.json()).toMatchObject({ message: 'File already exists: "there/uno.txt".' })
  expect(await readFile(join(server.home, 'there/uno.txt'), 'utf8')).toBe('1')
  expect((await server.ask('PATCH', api('there'), { path: 'there/inside' })).status).toBe(400)
  expect((await server.ask('PATCH', api('missing'), { path: 'found' })).status).toBe(404)
  expect((await server.ask('PATCH', api('two.txt'))).status).toBe(400)
})

test('deletes for good, folders with all that is in them', async () => {
  await mkdir(join(server.home, 'doomed/deep'), { recursive: true })
  await writeFile(join(server.home, 'doomed/deep/x'), '')

  expect((await server.ask('DELETE', api('doomed'))).status).toBe(204)
  expect((await server.ask('GET', api('doomed'))).status).toBe(404)
  expect((await server.ask('DELETE', api('doomed'))).status).toBe(404)
  expect((await server.ask('DELETE', api(''))).status).toBe(400)
})

test('keeps one checkpoint, which follows its file', async () => {
  await server.ask('PUT', api('kept.txt'), { type: 'file', format: 'text', content: 'first' })
  expect((await server.ask('GET', api('kept.txt/checkpoints'))).json()).toEqual([])

  const made = await server.ask('POST', api('kept.txt/checkpoints'))
  expect(made.status).toBe(201)
  expect(made.json()).toEqual({ id: 'checkpoint', last_modified: (await server.get('kept.txt')).last_modified })
  expect(await readFile(join(server.home, '.ipynb_checkpoints/kept-checkpoint.txt'), 'utf8')).toBe('first')

  await server.ask('PUT', api('kept.txt'), { type: 'file', format: 'text', content: 'second' })
  await server.ask('PATCH', api('kept.txt'), { path: 'listed/renamed.txt' })
  expect((await server.ask('POST', api('listed/renamed.txt/checkpoints/checkpoint'))).status).toBe(204)
  expect(await server.get('listed/renamed.txt')).toMatchObject({ content: 'first' })
  expect((await server.ask('DELETE', api('listed/renamed.txt/checkpoints/checkpoint'))).status).toBe(204)
  expect((await server.ask('POST', api('listed/renamed.txt/checkpoints/checkpoint'))).status).toBe(404)
})

test('reaches a file in a folder that is named like the checkpoints', async () => {
  await mkdir(join(server.home, 'model/checkpoints'), { recursive: true })
  await writeFile(join(server.home, 'model/checkpoints/weights'), 'w')

  expect(await server.get('model/checkpoints')).toMatchObject({ type: 'directory' })
  expect(await server.get('model/checkpoints/weights')).toMatchObject({ content: 'w' })
  expect((await server.ask('DELETE', api('model/checkpoints/weights'))).status).toBe(204)
  await expect(stat(join(server.home, 'model/checkpoints/weights'))).rejects.toThrow('ENOENT')
})

test('makes a notebook’s first checkpoint by itself and trusts what was run here', async () => {
  const html = { output_type: 'display_data', metadata: {}, data: { 'text/html': '<b>bold</b>' } }
  const notebook = toNotebook(toCodeCell('show()', [html]))
  const trusted = structuredClone(notebook)
  for (const cell of trusted.cells) cell.metadata['trusted'] = true

  await server.ask('PUT', api('foreign.ipynb'), { type: 'notebook', format: 'json', content: notebook })
  await server.ask('PUT', api('own.ipynb'), { type: 'notebook', format: 'json', content: trusted })

  expect((await server.ask('GET', api('own.ipynb/checkpoints'))).json()).toHaveLength(1)
  const own = await readFile(join(server.home, 'own.ipynb'), 'utf8')
  expect(own).not.toContain('trusted')
  // The same content is trusted under any name, and a changed one is not.
  expect(await trustOf('foreign.ipynb')).toBe(true)
  await writeFile(
    join(server.home, 'forged.ipynb'),
    own.replace('bold', 'evil').replace('"metadata": {}', '"metadata": {"trusted": true}'),
  )
  expect(await trustOf('forged.ipynb')).toBe(false)
  expect((await server.ask('POST', api('forged.ipynb/trust'))).status).toBe(201)
  expect(await trustOf('forged.ipynb')).toBe(true)
})

test('trusts a notebook whose cells have no ids', async () => {
  const cell = { ...toCodeCell('show()'), id: undefined }
  await writeFile(join(server.home, 'no-ids.ipynb'), JSON.stringify(toNotebook(cell)))
  expect(await trustOf('no-ids.ipynb')).toBe(false)
  expect((await server.ask('POST', api('no-ids.ipynb/trust'))).status).toBe(201)
  expect(await trustOf('no-ids.ipynb')).toBe(true)
})

async function trustOf(path: string): Promise<unknown> {
  const { content } = await server.get(path)
  return (content as { cells: Array<{ metadata: { trusted: boolean } }> }).cells[0]?.metadata.trusted
}

test('says clearly what is wrong with a request', async () => {
  await writeFile(join(server.home, 'plain.txt'), '')
  const cases: Array<[string, string, unknown, number, string]> = [
    ['GET', 'plain.txt?type=directory', undefined, 400, '"plain.txt" is no folder.'],
    ['GET', 'listed?type=file', undefined, 400, '"listed" is a folder, not a file.'],
    ['GET', 'plain.txt?format=xml', undefined, 400, 'format must be "text" or "base64", not "xml".'],
    ['PUT', 'plain.txt', { format: 'text', content: '' }, 400, 'No file type provided'],
    ['PUT', 'plain.txt', { type: 'file', format: 'text' }, 400, 'No content provided for the file "plain.txt".'],
    ['PUT', 'plain.txt', { type: 'file', content: '' }, 400, 'The format of "plain.txt" must be "text" or "base64".'],
    ['PUT', 'plain.txt', { type: 'file', format: 'text', content: 5 }, 400, 'must be a string'],
    ['PUT', 'plain.txt', '{"type"', 400, 'Invalid JSON in body of request'],
    ['PUT', 'plain.txt', '[]', 400, 'The body must be a JSON object.'],
    ['PUT', 'plain.txt', { copy_from: 'x' }, 400, 'Cannot copy with PUT, only POST.'],
    ['PUT', 'missing/x.txt', { type: 'file', format: 'text', content: '' }, 404, 'No such file or folder: "missing".'],
    ['PUT', 'listed', { type: 'file', format: 'text', content: '' }, 400, '"listed" is a folder, not a file.'],
    ['PUT', 'n.ipynb', { type: 'notebook', content: 'text' }, 400, 'must be an object'],
    ['PUT', 'n.ipynb', { type: 'notebook', content: { nbformat: 9 } }, 400, 'its format is 9'],
    ['POST', 'plain.txt', {}, 400, 'Cannot POST to files, use PUT instead.'],
  ]
  for (const [method, path, body, status, message] of cases) {
    const answer = await server.ask(method, api(path), body)
    expect({ path, status: answer.status }).toEqual({ path, status })
    expect(answer.json()).toMatchObject({ status, message: expect.stringContaining(message), reason: null })
  }
})

test('names the notebook that is none and says why', async () => {
  const files: Record<string, string> = {
    'cut.ipynb': '{"cells": [',
    'empty.ipynb': '',
    'list.ipynb': '[]',
    'future.ipynb': '{"nbformat": 5, "cells": []}',
  }
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(server.home, name), text)
    const answer = await server.ask('GET', api(name))
    expect(answer.status).toBe(400)
    expect(answer.json()['message']).toContain(`Unreadable notebook "${name}"`)
    expect(await server.get(`${name}?type=file`)).toMatchObject({ format: 'text', content: text })
  }
})
