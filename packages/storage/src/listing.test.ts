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
