import { execFileSync } from 'node:child_process'
import { mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createAccessList, getAttributes, setAttributes } from '@cygnet/core/testing/attributes'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../testing/test-server.ts'

const list = createAccessList(301_002)
const attributes = { 'user.comment': Buffer.from([0, 255, 10]), 'system.posix_acl_access': list }

let server: TestServer

beforeAll(async () => {
  server = await startTestServer()
})

afterAll(() => server[Symbol.asyncDispose]())

async function save(path: string, content: string, more: object = {}): Promise<void> {
  const { status } = await server.ask('PUT', `api/contents/${path}`, { type: 'file', format: 'text', content, ...more })
  expect(status).toBeLessThan(300)
}

test('saving keeps attributes and the access control list', async () => {
  const path = join(server.home, 'shared.txt')
  await writeFile(path, 'old')
  setAttributes(path, attributes)
  const before = await stat(path)

  await save('shared.txt', 'new')

  const after = await stat(path)
  expect(after.ino).not.toBe(before.ino)
  expect(after.mode).toBe(before.mode)
  expect(getAttributes(path)).toEqual(attributes)

  await save('shared.txt', 'one', { chunk: 1 })
  await save('shared.txt', 'two', { chunk: -1 })
  expect(await readFile(path, 'utf8')).toBe('onetwo')
  expect(getAttributes(path)).toEqual(attributes)
})

test('a checkpoint is for those who may read its file, and restoring keeps what the file has', async () => {
  const path = join(server.home, 'kept.txt')
  await writeFile(path, 'old')
  setAttributes(path, attributes)
  const created = await server.ask('POST', 'api/contents/kept.txt/checkpoints')
  expect(created.status).toBe(201)
  expect(getAttributes(join(server.home, '.ipynb_checkpoints/kept-checkpoint.txt'))).toEqual(attributes)
  await save('kept.txt', 'new')
  await server.ask('POST', `api/contents/kept.txt/checkpoints/${String(created.json()['id'])}`)
  expect(await readFile(path, 'utf8')).toBe('old')
  expect(getAttributes(path)).toEqual(attributes)
})

test('a move to another disk keeps what a save keeps', async () => {
  await mkdir(join(server.home, 'disk'))
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', join(server.home, 'disk')])
  try {
    await mkdir(join(server.home, 'thing'), { mode: 0o750 })
    await writeFile(join(server.home, 'thing/file'), 'x')
    setAttributes(join(server.home, 'thing/file'), { 'system.posix_acl_access': list })
    await utimes(join(server.home, 'thing/file'), 1_000_000_000, 1_000_000_000)
    const { status } = await server.ask('PATCH', 'api/contents/thing', { path: 'disk/thing' })
    expect(status).toBe(200)
    const moved = join(server.home, 'disk/thing/file')
    expect(getAttributes(moved)).toEqual({ 'system.posix_acl_access': list })
    expect((await stat(moved)).mtimeMs).toBe(1e12)
    expect((await stat(join(server.home, 'disk/thing'))).mode & 0o777).toBe(0o750)
    await expect(stat(join(server.home, 'thing'))).rejects.toMatchObject({ code: 'ENOENT' })
  } finally {
    execFileSync('umount', [join(server.home, 'disk')])
  }
})

test('a folder’s default list does not open a private file that is saved', async () => {
  await mkdir(join(server.home, 'team'))
  await writeFile(join(server.home, 'team/private.txt'), 'old', { mode: 0o600 })
  setAttributes(join(server.home, 'team'), { 'system.posix_acl_default': list })
  await save('team/private.txt', 'new')
  await save('team/fresh.txt', 'new')
  expect(getAttributes(join(server.home, 'team/private.txt'))).toEqual({})
  expect(getAttributes(join(server.home, 'team/fresh.txt'))).toEqual({ 'system.posix_acl_access': list })
})
