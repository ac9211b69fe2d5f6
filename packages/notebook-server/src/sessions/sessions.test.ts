import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { ErrorBody } from '@cygnet/core/errors'
import { openKernelSocket } from '../testing/kernel-socket.ts'
import { json, startNotebookApi, type Answer, type NotebookApi } from '../testing/notebook-api.ts'
import type { SessionModel } from './session-manager.ts'

let api: NotebookApi
beforeAll(async () => {
  api = await startNotebookApi({ withZygote: true })
})
afterAll(() => api[Symbol.asyncDispose]())
afterEach(async () => {
  await Promise.all(api.manager.list().map(({ id }) => api.manager.shutdown(id)))
})

function create(body: object): Promise<Answer<SessionModel>> {
  return api.fetch<SessionModel>('api/sessions', json(body))
}

function patch(id: string, body: object): Promise<Answer<SessionModel>> {
  return api.fetch<SessionModel>(`api/sessions/${id}`, { ...json(body), method: 'PATCH' })
}

async function list(): Promise<SessionModel[]> {
  return (await api.fetch<SessionModel[]>('api/sessions')).body
}

const notebook = { path: 'a.ipynb', name: 'a.ipynb', type: 'notebook', kernel: { name: 'python3' } }

test('a document gets a kernel, and keeps it', async () => {
  const first = await create(notebook)
  expect(first.status).toBe(201)
  expect(first.headers.get('location')).toBe(`/user/ada/api/sessions/${first.body.id}`)
  expect(first.body).toEqual({
    id: expect.stringMatching(/^\w+-\w+-\w+-\w+-\w+$/),
    path: 'a.ipynb',
    name: 'a.ipynb',
    type: 'notebook',
    kernel: expect.objectContaining({ name: 'python3', execution_state: 'idle', connections: 0 }),
    notebook: { path: 'a.ipynb', name: 'a.ipynb' },
  })
  const second = await create(notebook)
  expect(second.body.id).toBe(first.body.id)
  expect(await list()).toEqual([second.body])
  expect((await api.fetch<SessionModel>(`api/sessions/${first.body.id}`)).body.path).toBe('a.ipynb')
  expect((await api.fetch(`api/sessions/${first.body.id}`, { method: 'DELETE' })).status).toBe(204)
  expect(await list()).toEqual([])
  expect(api.manager.list()).toEqual([])
  expect((await api.fetch(`api/sessions/${first.body.id}`, { method: 'DELETE' })).status).toBe(404)
})

test('requests at the same time get one kernel', async () => {
  const answers = await Promise.all([create(notebook), create(notebook), create(notebook)])
  expect(new Set(answers.map(({ body }) => body.kernel.id)).size).toBe(1)
  expect(api.manager.list()).toHaveLength(1)
})

test('changes path, name and type, and swaps kernels', async () => {
  const { body } = await create(notebook)
  const moved = await patch(body.id, { path: 'b/c.ipynb', name: 'c.ipynb', type: 'console' })
  expect(moved.body).toEqual({
    ...body,
    path: 'b/c.ipynb',
    name: 'c.ipynb',
    type: 'console',
    notebook: undefined,
    kernel: moved.body.kernel,
  })
  expect(moved.body.kernel.id).toBe(body.kernel.id)
  const renewed = await patch(body.id, { kernel: { name: 'python3' } })
  expect(renewed.body.kernel.id).not.toBe(body.kernel.id)
  expect(api.manager.list().map(({ id }) => id)).toEqual([renewed.body.kernel.id])
  const other = await api.manager.start({})
  const swapped = await patch(body.id, { kernel: { id: other.id } })
  expect(swapped.body.kernel.id).toBe(other.id)
  expect(api.manager.list().map(({ id }) => id)).toEqual([other.id])
  expect((await patch(body.id, { kernel: { id: 'none' } })).status).toBe(404)
  expect((await patch(body.id, { kernel: { name: 'fortran' } })).status).toBe(404)
  expect((await list())[0]?.kernel.id).toBe(other.id)
})

test('a kernel that another session uses is left alone', async () => {
  const { body } = await create(notebook)
  const console = await create({ path: 'console-1', type: 'console', name: 'x', kernel: { id: body.kernel.id } })
  expect(console.body.kernel.id).toBe(body.kernel.id)
  await patch(body.id, { kernel: { name: 'python3' } })
  expect(api.manager.list()).toHaveLength(2)
  using socket = await openKernelSocket(api.url, body.kernel.id)
  expect((await socket.execute('print(1)')).text).toBe('1\n')
})

test('a session ends with its kernel', async () => {
  const { body } = await create(notebook)
  await api.fetch(`api/kernels/${body.kernel.id}`, { method: 'DELETE' })
  expect((await api.fetch(`api/sessions/${body.id}`, { method: 'DELETE' })).status).toBe(410)
  expect(await list()).toEqual([])
})

test('kernels start in the folder of their document, never outside of the root', async () => {
  await mkdir(join(api.root, 'deep', 'folder'), { recursive: true })
  await symlink('/usr', join(api.root, 'out')).catch(() => undefined)
  for (const [path, folder] of [
    ['deep/folder/x.ipynb', '/deep/folder'],
    ['/deep/folder/x.ipynb', '/deep/folder'],
    ['deep/none/x.ipynb', '/deep'],
    ['x.ipynb', ''],
    ['../../etc/x.ipynb', ''],
    ['out/bin/x.ipynb', ''],
    ['deep/folder', '/deep/folder'],
  ]) {
    const { body } = await create({ path, type: 'notebook' })
    using socket = await openKernelSocket(api.url, body.kernel.id)
    const { text } = await socket.execute(
      'import os; print(os.getcwd(), os.environ["JPY_SESSION_NAME"].count("/") > 1)',
    )
    expect([path, text]).toEqual([path, `${api.root}${folder} True\n`])
    await api.fetch(`api/sessions/${body.id}`, { method: 'DELETE' })
  }
})

test('takes what old clients send, and says what is missing', async () => {
  const old = await create({ notebook: { path: 'old.ipynb' }, kernel: { id: null, name: 'python3' } })
  expect(old).toMatchObject({ status: 201, body: { path: 'old.ipynb', type: 'notebook' } })
  const wrong: Array<[object, number, string]> = [
    [{ type: 'notebook' }, 400, 'Missing field in JSON data: path'],
    [{ path: 'x' }, 400, 'Missing field in JSON data: type'],
    [{ path: 5, type: 'notebook' }, 400, 'path'],
    [{ path: 'a\0b', type: 'notebook' }, 400, 'path: it has a NUL character'],
    [{ path: 'x'.repeat(5000), type: 'notebook' }, 400, 'path'],
    [{ path: 'x', type: 'notebook', kernel: { name: 'fortran' } }, 404, 'fortran'],
    [{ path: 'x', type: 'notebook', kernel: { id: 'none' } }, 404, 'none'],
  ]
  for (const [body, status, message] of wrong) {
    const answer = await api.fetch<ErrorBody>('api/sessions', json(body))
    expect(answer).toMatchObject({ status, body: { message: expect.stringContaining(message) } })
  }
  expect((await api.fetch('api/sessions/none')).status).toBe(404)
})
