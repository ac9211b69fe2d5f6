import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { access, chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getAttributes, setAttributes } from '@cygnet/core/testing/attributes'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { buildNotebookServer } from '../build.ts'
import { createChunkLoader } from '../src/boot/chunk-loader.ts'

let folder: string
let dist: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nbs-bundle-'))
  await buildNotebookServer(join(folder, 'built'))
  // Where it was built nothing is left, and where it runs nothing can be written.
  dist = join(folder, 'moved')
  await mkdir(dist)
  await cp(join(folder, 'built'), dist, { recursive: true })
  await rm(join(folder, 'built'), { recursive: true })
  try {
    execFileSync('mount', ['--bind', '-o', 'ro', dist, dist], { stdio: 'pipe' })
    execFileSync('mount', ['-o', 'remount,ro,bind', dist], { stdio: 'pipe' })
  } catch (cause) {
    throw new Error('This test mounts a file system: run it as root with CAP_SYS_ADMIN.', { cause })
  }
})

afterAll(async () => {
  execFileSync('umount', [dist])
  await rm(folder, { recursive: true, force: true })
})

test('runs alone, read-only and as another user, and saves', async () => {
  const home = join(folder, 'home')
  await mkdir(home, { mode: 0o777 })
  execFileSync('chmod', ['0777', home])
  execFileSync('chmod', ['0711', folder])
  const socketPath = join(home, 's')
  const env = {
    HOME: home,
    XDG_RUNTIME_DIR: home,
    CYGNET_SOCKET: socketPath,
    CYGNET_SECRET_SHA256: createHash('sha256').update('secret').digest('hex'),
    JUPYTERHUB_SERVICE_PREFIX: '/user/ada/',
    CYGNET_PYTHON: '/usr/bin/env',
  }
  const options = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  const child: ChildProcess = spawn(process.execPath, [join(dist, 'server.mjs')], {
    env,
    cwd: '/',
    stdio: 'pipe',
    ...options,
  })
  let output = ''
  child.stderr?.on('data', (piece: Buffer) => (output += piece.toString()))
  await vi.waitFor(() => access(socketPath), { timeout: 20_000 })

  expect(await ask(socketPath, 'api/status')).toMatchObject({ kernels: 0 })
  expect(await ask(socketPath, 'api/contents')).toMatchObject({ type: 'directory', path: '' })
  expect(await ask(socketPath, 'api/kernelspecs')).toMatchObject({ default: 'python3' })
  const terminal = await ask(socketPath, 'api/terminals', 'POST')
  expect({ terminal, output }).toEqual({ terminal: expect.objectContaining({ name: '1' }), output: '' })

  const file = { type: 'file', format: 'text', content: 'new' }
  await ask(socketPath, 'api/contents/file.txt', 'PUT', file)
  setAttributes(join(home, 'file.txt'), { 'user.comment': Buffer.from('kept') })
  expect(await ask(socketPath, 'api/contents/file.txt', 'PUT', file)).toMatchObject({ name: 'file.txt' })
  expect(getAttributes(join(home, 'file.txt'))).toEqual({ 'user.comment': Buffer.from('kept') })

  // Someone else's file stays theirs: it is written in place.
  await writeFile(join(home, 'theirs.txt'), 'a long old content')
  await chmod(join(home, 'theirs.txt'), 0o666)
  const { ino, uid } = await stat(join(home, 'theirs.txt'))
  await ask(socketPath, 'api/contents/theirs.txt', 'PUT', file)
  expect(await stat(join(home, 'theirs.txt'))).toMatchObject({ ino, uid, size: 3 })

  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})

test('starts with the code that V8 made when it was built', async () => {
  const refused = new Map<string, boolean | undefined>()
  const load = createChunkLoader({
    folder: dist,
    onScript: (name, script) => refused.set(name, script.cachedDataRejected),
  })
  const app = (await readdir(dist)).find((name) => /^app-.*\.cjs$/.test(name)) ?? ''
  load('program.cjs')
  load(app)
  expect(refused.get('program.cjs')).toBe(false)
  expect(refused.get(app)).toBe(false)
  // One character beyond Latin 1 would make V8 keep all of it twice as large.
  expect(await readFile(join(dist, app), 'latin1')).not.toMatch(/[\u0080-\u00ff]/)
})

function ask(socketPath: string, path: string, method = 'GET', body?: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: 'token secret' }
    const asked = request({ socketPath, method, path: `/user/ada/${path}`, headers }, (response) => {
      let text = ''
      response.on('data', (piece: Buffer) => (text += piece.toString()))
      response.once('end', () => resolve(JSON.parse(text)))
    })
    asked.once('error', reject)
    asked.end(body === undefined ? undefined : JSON.stringify(body))
  })
}
