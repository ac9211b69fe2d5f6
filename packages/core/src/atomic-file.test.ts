import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeAtomically } from './atomic-file.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cygnet-atomic-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', folder])
})

afterEach(async () => {
  execFileSync('umount', [folder])
  await rm(folder, { recursive: true, force: true })
})

test('on a full disk the old content stands and nothing is left beside it', async () => {
  const path = join(folder, 'file')
  await writeAtomically(path, 'old')
  await expect(writeAtomically(path, Buffer.alloc(1024 * 1024))).rejects.toMatchObject({ code: 'ENOSPC' })
  expect(await readFile(path, 'utf8')).toBe('old')
  expect(await readdir(folder)).toEqual(['file'])
})
