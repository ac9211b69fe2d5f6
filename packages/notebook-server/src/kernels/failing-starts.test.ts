import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ErrorBody } from '@cygnet/core/errors'
import { executeContent, openKernelSocket } from '../testing/kernel-socket.ts'
import { json, startNotebookApi, type NotebookApi } from '../testing/notebook-api.ts'

let folder: string
let api: NotebookApi

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nbs-specs-'))
  api = await startNotebookApi({ kernelFolders: [folder], withZygote: true, times: { startMs: 1500 } })
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

async function addKernel(name: string, kernelJson: string): Promise<void> {
  await mkdir(join(folder, 'kernels', name), { recursive: true })
  await writeFile(join(folder, 'kernels', name, 'kernel.json'), kernelJson)
}

const shell = (script: string): string[] => ['sh', '-c', script]

test.each([
  [
    'missing',
    ['/no/such/program', '{connection_file}'],
    503,
    'The kernel missing does not start: /no/such/program cannot be run: there is no such program',
  ],
  ['folder', ['/tmp', '{connection_file}'], 503, 'it may not be executed'],
  ['badmodule', ['python', '-m', 'no_such_module'], 503, 'exited with code 1.\n'],
  [
    'crash',
    shell('echo first words >&2; echo last words >&2; exit 7'),
    503,
    'it exited with code 7.\n    first words\n    last words',
  ],
  ['diskless', shell('echo "OSError: [Errno 28] No space left on device: x" >&2; exit 1'), 507, 'the disk is full'],
  ['killed', shell('kill -9 $$'), 503, 'it was killed (SIGKILL)'],
  [
    'deaf',
    shell('echo waiting for nothing; sleep 1000'),
    504,
    'it did not answer within 1.5 s.\n    waiting for nothing',
  ],
  [
    'badoption',
    ['python', '-m', 'ipykernel_launcher', '-f', '{connection_file}', '--IPKernelApp.kernel_class=no.such'],
    503,
    'no.such',
  ],
])('a kernel that does not start is told and leaves nothing: %s', async (name, argv, status, message) => {
  await addKernel(name, JSON.stringify({ argv, display_name: name, language: 'x' }))
  const answer = await api.fetch<ErrorBody>('api/kernels', json({ name }))
  expect(answer.body.message).toContain(message)
  expect(answer.status).toBe(status)
  expect(answer.body.message).toContain(name)
  expect((await api.fetch<unknown[]>('api/kernels')).body).toEqual([])
  expect(await readdir(api.runtimeDir)).toEqual([])
})

test.each([
  ['nothing', ''],
  ['noargv', '{"display_name": "x"}'],
  ['emptyargv', '{"argv": [], "display_name": "x"}'],
])('a kernelspec that is wrong is told, and does not hide the others: %s', async (name, text) => {
  await addKernel(name, text)
  const answer = await api.fetch<ErrorBody>('api/kernels', json({ name }))
  expect(answer).toMatchObject({
    status: 503,
    body: { message: expect.stringContaining(`The kernel ${name} cannot be used`) },
  })
  const list = await api.fetch<{ kernelspecs: object }>('api/kernelspecs')
  expect(Object.keys(list.body.kernelspecs)).toContain('python3')
  expect(Object.keys(list.body.kernelspecs)).not.toContain(name)
})

test('an unknown name is answered with those that there are', async () => {
  const answer = await api.fetch<ErrorBody>('api/kernels', json({ name: 'fortran' }))
  expect(answer).toMatchObject({ status: 404, body: { message: 'There is no kernel named fortran.' } })
  expect(answer.body.mend).toContain('python3')
})

test.each([['{"name": 5}'], ['{"name"'], ['[1]']])('a body that is wrong is refused: %s', async (body) => {
  expect((await api.fetch('api/kernels', { method: 'POST', body })).status).toBe(400)
})

test('a kernel that is shut down while it starts is gone at once', async () => {
  await addKernel('slow', JSON.stringify({ argv: shell('sleep 1000'), display_name: 'slow', language: 'x' }))
  const starting = api.fetch<ErrorBody>('api/kernels', json({ name: 'slow' }))
  await expect.poll(() => api.manager.list().map((kernel) => kernel.execution_state)).toEqual(['starting'])
  await api.manager.shutdown(api.manager.list()[0]?.id ?? '')
  expect((await starting).status).toBe(409)
  expect(await readdir(api.runtimeDir)).toEqual([])
})

test('a kernel that wants a message instead of a signal is interrupted by one', async () => {
  await addKernel(
    'bymessage',
    JSON.stringify({
      argv: ['python', '-m', 'ipykernel_launcher', '-f', '{connection_file}'],
      display_name: 'x',
      language: 'python',
      interrupt_mode: 'message',
    }),
  )
  await using other = await startNotebookApi({ kernelFolders: [folder], withZygote: true })
  const kernel = await other.manager.start({ name: 'bymessage' })
  using socket = await openKernelSocket(other.url, kernel.id)
  const asked = socket.send('shell', 'execute_request', {
    ...executeContent,
    code: 'print("on")\nimport time\ntime.sleep(99)',
  })
  await socket.waitFor(({ content }) => content.text?.includes('on') === true)
  await kernel.interrupt()
  const reply = await socket.waitFor(({ type, parent }) => type === 'execute_reply' && parent === asked)
  expect(reply.content.ename).toBe('KeyboardInterrupt')
})
