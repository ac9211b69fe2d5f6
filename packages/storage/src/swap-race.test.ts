import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createGround, pieces, readAll, readText } from './space.fixture.ts'

/** Swaps two names in one step, over and over: the folder and a link that leads out. RENAME_EXCHANGE is 2. */
const hammer = `
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
a, b = (os.fsencode(path) for path in sys.argv[1:3])
print('ready', flush=True)
while True:
    if libc.renameat2(-100, a, -100, b, 2) != 0: sys.exit(os.strerror(ctypes.get_errno()))
`

test('a folder that is swapped for a link all the time never leads out', async () => {
  const { space, home, folder } = await createGround()
  const outside = join(folder, 'outside')
  await mkdir(join(home, 'd/e'), { recursive: true })
  await mkdir(join(outside, 'e'), { recursive: true })
  for (const at of [join(home, 'd'), outside]) {
    for (const name of ['f', 'e/f']) await writeFile(join(at, name), at === outside ? 'OUTSIDE' : 'inside')
  }
  await symlink(outside, join(home, 'l'))
  const child = spawn('python3', ['-c', hammer, join(home, 'd'), join(home, 'l')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')

  const before = (await stat(outside)).mtimeMs
  const seen = new Map<string, number>()
  const note = async (what: string, work: Promise<unknown>): Promise<void> => {
    const result = await work.then(
      () => 'done',
      (error: { code?: string }) => error.code ?? 'unknown',
    )
    seen.set(`${what} ${result}`, (seen.get(`${what} ${result}`) ?? 0) + 1)
  }
  const isInside = async (path: string): Promise<void> => {
    expect(await readText(space, path)).toBe('inside')
  }
  for (let round = 0; round < 300; round++) {
    await note('read', isInside('d/f'))
    await note('read deeper', isInside('d/e/f'))
    await note(
      'list',
      space.list('d').then((entries) => entries.every((entry) => entry.name !== 'secret')),
    )
    await note('write', space.write('d/w', pieces('mine'), { overwrite: true }))
    await note('create', space.createFolder(`d/new-${round}`))
    await note('move', space.move('d/w', `d/moved-${round}`))
    await note('delete', space.remove(`d/moved-${round}`))
    await note('delete folder', space.remove(`d/new-${round}`))
    await note(
      'zip',
      readAll(await space.archive('')).then((zip) => expect(zip.includes('OUTSIDE')).toBe(false)),
    )
  }
  expect(child.exitCode).toBe(null)
  child.kill('SIGKILL')
  await once(child, 'exit')

  expect((await stat(outside)).mtimeMs).toBe(before)
  expect((await readdir(outside)).toSorted()).toEqual(['e', 'f'])
  expect(await readFile(join(outside, 'f'), 'utf8')).toBe('OUTSIDE')
  // Both sides of the swap were met, and nothing failed otherwise than clearly.
  expect(seen.get('read done') ?? 0).toBeGreaterThan(0)
  expect(seen.get('read forbidden') ?? 0).toBeGreaterThan(0)
  const codes = new Set([...seen.keys()].map((key) => key.split(' ').at(-1)))
  expect([...codes].filter((code) => !['done', 'forbidden', 'not-found', 'conflict'].includes(code ?? ''))).toEqual([])
})
