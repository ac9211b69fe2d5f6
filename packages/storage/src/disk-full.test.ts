import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createGround, isRoot, pieces, readFileOf } from './space.fixture.ts'

const mebibyte = 1024 * 1024

test.runIf(isRoot)('on a full disk the old content stands and nothing is left', async () => {
  const mount = await mkdtemp(join(tmpdir(), 'cygnet-small-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', mount])
  onTestFinished(async () => {
    execFileSync('umount', [mount])
    await rm(mount, { recursive: true })
  })
  const { space, home } = await createGround(mount)
  const old = randomBytes(mebibyte)
  await space.write('file', pieces(old))

  await expect(space.write('file', endless(), { overwrite: true })).rejects.toMatchObject({ code: 'ENOSPC' })
  await expect(space.write('new', endless())).rejects.toMatchObject({ code: 'ENOSPC' })
  const early = space.write('file', endless(), { overwrite: true, length: 8 * mebibyte })
  await expect(early).rejects.toMatchObject({ code: 'insufficient-storage', mend: expect.any(String) })

  expect((await readdir(home)).toSorted()).toEqual(['file'])
  expect((await readFileOf(space, 'file')).equals(old)).toBe(true)
  await space.write('fits', pieces(randomBytes(2 * mebibyte)), { length: 2 * mebibyte })
})

async function* endless(): AsyncGenerator<Uint8Array> {
  for (;;) yield randomBytes(100_000)
}
