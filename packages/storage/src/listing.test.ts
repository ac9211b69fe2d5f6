import { execFileSync } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createGround } from './space.fixture.ts'

test('a folder of 10,000 files is listed whole and in order', async () => {
  const { space, home } = await createGround()
  await mkdir(join(home, 'many'))
  for (let index = 0; index < 10_000; index++) await writeFile(join(home, `many/run-${index}.csv`), 'x')
  await symlink('run-7.csv', join(home, 'many/latest'))
  const entries = await space.list('many')
  expect(entries).toHaveLength(10_001)
  expect(entries.slice(1).map((entry) => entry.name)).toEqual(
    Array.from({ length: 10_000 }, (_, index) => `run-${index}.csv`),
  )
  expect(entries[0]).toMatchObject({ name: 'latest', size: 1 })
})

test('a folder of more than 50,000 files is not, and can still be deleted', async () => {
  const { space, home } = await createGround()
  const script = `import os; os.mkdir('many'); [open(f'many/{i}', 'w').close() for i in range(50001)]`
  execFileSync('python3', ['-c', script], { cwd: home })
  await expect(space.list('many')).rejects.toMatchObject({ code: 'too-large', mend: expect.any(String) })
  expect(await space.list('')).toMatchObject([{ name: 'many', kind: 'folder' }])
  await space.remove('many')
  expect(await space.list('')).toEqual([])
})
