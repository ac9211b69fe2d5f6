import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startNotebookApi, type NotebookApi } from '../testing/notebook-api.ts'
import type { KernelSpecModel } from './kernel-specs.ts'

let outer: NotebookApi
let api: NotebookApi

beforeAll(async () => {
  outer = await startNotebookApi()
  const folder = join(outer.folder, 'share', 'kernels', 'Sage-10')
  await mkdir(join(folder, 'sub'), { recursive: true })
  await writeFile(
    join(folder, 'kernel.json'),
    '{"argv": ["sage"], "display_name": "Sage", "language": "sage", "metadata": {"a": 1}}',
  )
  await writeFile(join(folder, 'logo-64x64.png'), 'png')
  await writeFile(join(folder, 'kernel.js'), 'js')
  await writeFile(join(folder, 'sub', 'ä b.txt'), 'deep')
  await writeFile(join(outer.folder, 'secret'), 'secret')
  await symlink(join(outer.folder, 'secret'), join(folder, 'logo-out.svg'))
  await mkdir(join(outer.folder, 'share', 'kernels', 'no good'))
  api = await startNotebookApi({ kernelFolders: [join(outer.folder, 'share'), '/no/such/folder'] })
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
  await outer[Symbol.asyncDispose]()
})

test('lists kernels as Jupyter Server does', async () => {
  const { status, body } = await api.fetch<{ default: string; kernelspecs: Record<string, KernelSpecModel> }>(
    'api/kernelspecs',
  )
  expect(status).toBe(200)
  expect(body.default).toBe('python3')
  expect(Object.keys(body.kernelspecs).toSorted()).toEqual(['python3', 'sage-10'])
  expect(body.kernelspecs['python3']).toMatchObject({
    name: 'python3',
    spec: { display_name: 'Python 3 (ipykernel)', language: 'python', interrupt_mode: 'signal', env: {} },
    resources: { 'logo-64x64': '/user/ada/kernelspecs/python3/logo-64x64.png' },
  })
  expect((await api.fetch('api/kernelspecs/SAGE-10')).body).toEqual({
    name: 'sage-10',
    spec: {
      argv: ['sage'],
      display_name: 'Sage',
      language: 'sage',
      metadata: { a: 1 },
      env: {},
      interrupt_mode: 'signal',
    },
    resources: {
      'kernel.js': '/user/ada/kernelspecs/sage-10/kernel.js',
      'logo-64x64': '/user/ada/kernelspecs/sage-10/logo-64x64.png',
      'logo-out': '/user/ada/kernelspecs/sage-10/logo-out.svg',
    },
  })
  expect((await api.fetch('api/kernelspecs/fortran')).status).toBe(404)
})

test('serves their files and nothing beside them', async () => {
  const logo = await api.fetch('kernelspecs/sage-10/logo-64x64.png')
  expect(logo).toMatchObject({ status: 200, body: 'png' })
  expect(logo.headers.get('content-type')).toBe('image/png')
  expect((await api.fetch('kernelspecs/sage-10/sub/%C3%A4%20b.txt')).body).toBe('deep')
  for (const path of [
    'kernelspecs/sage-10/logo-out.svg',
    'kernelspecs/sage-10/%2e%2e%2f%2e%2e%2f%2e%2e%2fsecret',
    'kernelspecs/sage-10/..%2f..%2f..%2fsecret',
    'kernelspecs/sage-10/sub',
    'kernelspecs/sage-10/none.png',
    'kernelspecs/sage-10/a%00b',
    'kernelspecs/..%2fkernels/sage-10/kernel.js',
    'kernelspecs/fortran/logo-64x64.png',
  ]) {
    expect([path, (await api.fetch(path)).status]).toEqual([path, 404])
  }
})
