import { chown, mkdir, mkdtemp, readdir, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createHomes, type Homes } from './homes.ts'
import { isRoot } from './space.fixture.ts'

async function create(): Promise<{ homes: Homes; folder: string; uids: Map<string, number> }> {
  const folder = await mkdtemp(join(tmpdir(), 'cygnet-homes-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const uids = new Map([
    ['ann', 301_001],
    ['bob', 301_002],
  ])
  const homes = createHomes({
    folder: join(folder, 'homes'),
    async ownerOf(name) {
      const uid = uids.get(name)
      return uid === undefined ? undefined : isRoot ? { uid, gid: uid } : null
    },
  })
  return { homes, folder: join(folder, 'homes'), uids }
}

test('a home is made once, for its user alone', async () => {
  const { homes, folder } = await create()
  const opened = await Promise.all(Array.from({ length: 10 }, () => homes.open('ann')))
  expect(new Set(opened.map((home) => home.folder))).toEqual(new Set([join(folder, 'ann')]))
  expect((await readdir(folder)).toSorted()).toEqual(['ann'])
  const stats = await stat(join(folder, 'ann'))
  expect(stats.mode & 0o777).toBe(0o700)
  if (isRoot) expect(stats.uid).toBe(301_001)
  expect(opened[0]).toMatchObject({ userName: 'ann', seenAs: '/home/ann' })
})

test.each(['nobody', '..', '', 'a/b', '.removed', 'Ann'])('%j has no home', async (name) => {
  const { homes, folder } = await create()
  await expect(homes.open(name)).rejects.toMatchObject({ code: 'not-found' })
  expect(await readdir(folder).catch(() => [])).toEqual([])
})

test.runIf(isRoot)('a home of another uid is refused, saying how to mend it', async () => {
  const { homes, folder, uids } = await create()
  await homes.open('ann')
  uids.set('ann', 301_099)
  await expect(homes.open('ann')).rejects.toMatchObject({
    code: 'unavailable',
    mend: expect.stringContaining(`chown -R 301099:301099 ${folder}/ann`),
  })
})

test('a home that is set aside makes room for a fresh one and is kept', async () => {
  const { homes, folder } = await create()
  await homes.setAside('ann')
  const { folder: home } = await homes.open('ann')
  await mkdir(join(home, 'data'))
  await writeFile(join(home, 'data/file'), 'kept')
  await homes.setAside('ann')
  await homes.open('ann')
  expect((await readdir(home)).toSorted()).toEqual([])
  const [removed] = await readdir(join(folder, '.removed'))
  expect(removed).toMatch(/^ann-/)
  expect((await readdir(join(folder, '.removed', removed ?? ''))).toSorted()).toEqual(['data'])
})

test('a home that is a link is where the link leads', async () => {
  const { homes, folder } = await create()
  const elsewhere = join(folder, '..', 'disk-2', 'ann')
  await mkdir(elsewhere, { recursive: true })
  await mkdir(folder)
  if (isRoot) await chown(elsewhere, 301_001, 301_001)
  await symlink('../disk-2/ann', join(folder, 'ann'))
  expect(await homes.open('ann')).toMatchObject({ folder: elsewhere, seenAs: '/home/ann' })
  await homes.setAside('ann')
  const [removed] = await readdir(join(folder, '.removed'))
  expect(await readlink(join(folder, '.removed', removed ?? ''))).toBe('../disk-2/ann')
  expect(await homes.open('ann')).toMatchObject({ folder: join(folder, 'ann') })
})

test('a home whose link leads nowhere is refused with the reason, and no other one is made', async () => {
  const { homes, folder } = await create()
  await mkdir(folder)
  await symlink('/nowhere/ann', join(folder, 'ann'))
  await expect(homes.open('ann')).rejects.toMatchObject({
    code: 'unavailable',
    message: 'The home folder of ann is a link to /nowhere/ann, which is not there.',
    mend: `Mount or make /nowhere/ann, or remove ${folder}/ann.`,
  })
  expect(await readdir(folder)).toEqual(['ann'])
  await rm(join(folder, 'ann'))
  await writeFile(join(folder, '..', 'a file'), '')
  await symlink('../a file', join(folder, 'ann'))
  await expect(homes.open('ann')).rejects.toMatchObject({ message: 'The home folder of ann is no folder.' })
})
