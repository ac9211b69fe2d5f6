import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeFolder } from './make-folder.ts'

let top: string
beforeEach(async () => {
  top = await mkdtemp(join(tmpdir(), 'cygnet-folder-'))
})
afterEach(() => rm(top, { recursive: true }))

test('creates the folders above, each with the mode, and accepts one that is there', async () => {
  const path = join(top, 'a', 'b', 'c')
  await makeFolder(path, 0o700)
  await makeFolder(path, 0o755)
  await makeFolder(`${path}/`)
  expect((await stat(path)).mode & 0o777).toBe(0o700)
  expect((await stat(join(top, 'a'))).mode & 0o777).toBe(0o700)
})

test('two that create the same folder at once both succeed', async () => {
  const path = join(top, 'a', 'b', 'c', 'd')
  await Promise.all(Array.from({ length: 20 }, () => makeFolder(path)))
  expect((await stat(path)).isDirectory()).toBe(true)
})

test('says what is in the way', async () => {
  await writeFile(join(top, 'file'), '')
  await symlink('/no-such-place', join(top, 'link'))
  await expect(makeFolder(join(top, 'file'))).rejects.toMatchObject({ code: 'EEXIST' })
  await expect(makeFolder(join(top, 'file', 'a', 'b'))).rejects.toMatchObject({ code: 'ENOTDIR' })
  await expect(makeFolder(join(top, 'link', 'a'))).rejects.toMatchObject({ code: 'EEXIST' })
})

test('returns where a file system lets nothing be created', async () => {
  await expect(makeFolder('/proc/self/no-such-folder/a')).rejects.toMatchObject({ code: 'ENOENT' })
})
