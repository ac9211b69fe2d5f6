import { mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '@cygnet/core/database'
import { createSilentLogger } from '@cygnet/core/log'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createHomes, type Homes } from './homes.ts'
import type { LinkShare } from './share.ts'
import { createShares, type Shares } from './shares.ts'
import { findSharedKind } from './shared-space.ts'
import { storageMigrations, type StorageTables } from './share-tables.ts'
import { ann, createCountedSignal, isRoot, pieces, readText } from './space.fixture.ts'
import { createTrees, type Trees } from './trees.ts'

interface Ground {
  shares: Shares
  home: Homes
  trees: Trees
  homes: string
  /** Whom the listeners were told of, in order. */
  told: string[]
}

const users = ['ann', 'bob', 'cat']

async function createGround(): Promise<Ground> {
  const folder = await mkdtemp(join(tmpdir(), 'cygnet-shares-'))
  const database = await openDatabase<StorageTables>(join(folder, 'test.sqlite'), [storageMigrations])
  const homes = createHomes({
    folder: join(folder, 'homes'),
    ownerOf: async (name) => {
      const uid = 301_000 + users.indexOf(name)
      return !users.includes(name) ? undefined : isRoot ? { uid, gid: uid } : null
    },
  })
  const shares = createShares({ database, homes, isUser, log: createSilentLogger() })
  onTestFinished(async () => {
    shares.close()
    await database.destroy()
    await rm(folder, { recursive: true, force: true })
  })
  const told: string[] = []
  shares.onChange(({ recipient }) => told.push(recipient))
  const ground = { shares, home: homes, trees: createTrees(homes, shares), homes: join(folder, 'homes'), told }
  const { space } = await ground.trees.home('ann')
  await space.createFolder('data/raw')
  await space.write('data/raw/one.csv', pieces('1'))
  await space.write('plot.png', pieces('png'))
  return ground
}

const withBob = { type: 'user', name: 'bob', access: 'read' } as const
/** For a busy machine; what is waited for comes within a second elsewhere. */
const patience = { timeout: 30_000 }
const byLink = { type: 'link' } as const

async function link(shares: Shares, id: string): Promise<LinkShare> {
  const share = (await shares.listOf('ann')).find((one) => one.id === id)
  if (share?.type !== 'link') throw new Error('no link')
  return share
}

describe('with a named user', () => {
  test('the recipient reads, and writes only where permitted', async () => {
    const { shares, trees, homes } = await createGround()
    const reading = await shares.create('ann', 'data', withBob)
    const writing = await shares.create('ann', 'plot.png', { ...withBob, access: 'write' })
    const folder = await trees.received('bob', reading.id)
    expect((await folder.space.list('')).map((entry) => entry.path)).toEqual(['raw'])
    expect(await readText(folder.space, 'raw/one.csv')).toBe('1')
    await expect(folder.space.write('raw/two.csv', pieces('2'))).rejects.toMatchObject({ code: 'forbidden' })
    await expect(folder.space.remove('raw')).rejects.toMatchObject({ code: 'forbidden' })
    const file = await trees.received('bob', writing.id)
    await file.space.write('', pieces('new'), { overwrite: true })
    expect(await readText((await trees.home('ann')).space, 'plot.png')).toBe('new')
    await shares.update('ann', reading.id, { access: 'write' })
    await (await trees.received('bob', reading.id)).space.write('raw/two.csv', pieces('2'))
    expect((await readdir(join(homes, 'ann/data/raw'))).toSorted()).toEqual(['one.csv', 'two.csv'])
  })

  test('nobody else gets in, nor anyone once it has ended', async () => {
    const { shares, trees } = await createGround()
    const share = await shares.create('ann', 'data', withBob)
    await expect(trees.received('cat', share.id)).rejects.toMatchObject({ code: 'not-found' })
    await expect(trees.received('ann', share.id)).rejects.toMatchObject({ code: 'not-found' })
    await expect(shares.update('bob', share.id, { access: 'write' })).rejects.toMatchObject({ code: 'not-found' })
    await expect(shares.revoke('cat', share.id)).rejects.toMatchObject({ code: 'not-found' })
    await shares.revoke('bob', share.id)
    await expect(trees.received('bob', share.id)).rejects.toMatchObject({ code: 'not-found' })
    await expect(shares.revoke('ann', share.id)).rejects.toMatchObject({ code: 'not-found' })
    expect(await shares.listOf('ann')).toEqual([])
  })

  test.each([
    ['data', { ...withBob, name: 'ann' }, 'bad-request'],
    ['data', { ...withBob, name: 'nobody' }, 'not-found'],
    ['nothing', withBob, 'not-found'],
    ['', withBob, 'bad-request'],
    ['..', withBob, 'bad-request'],
    ['home', withBob, 'bad-request'],
    ['out', byLink, 'forbidden'],
    ['Shared with me/x', byLink, 'forbidden'],
    ['received', withBob, 'forbidden'],
    ['data', { type: 'link', expires: new Date(0) }, 'bad-request'],
  ] as const)('sharing %j with %o is refused', async (path, to, code) => {
    const { shares, homes } = await createGround()
    await symlink('/home/ann', join(homes, 'ann/home'))
    await symlink('/etc', join(homes, 'ann/out'))
    await mkdir(join(homes, 'ann/Shared with me/x'), { recursive: true })
    await symlink('Shared with me/x', join(homes, 'ann/received'))
    await expect(shares.create('ann', path, to)).rejects.toMatchObject({ code, message: expect.any(String) })
  })

  test('not twice', async () => {
    const { shares } = await createGround()
    await shares.create('ann', 'data', withBob)
    await expect(shares.create('ann', 'data', { ...withBob, access: 'write' })).rejects.toMatchObject({
      code: 'conflict',
    })
  })

  test('each has a folder name of its own', async () => {
    const { shares, trees } = await createGround()
    const long = 'ü'.repeat(127)
    for (const owner of ['ann', 'cat']) {
      const { space } = await trees.home(owner)
      for (const path of ['a/data', 'b/data', 'data', `a/${long}`]) {
        await space.createFolder(path).catch(() => undefined)
        await shares.create(owner, path, withBob)
      }
    }
    const names = (await shares.listReceived('bob')).map((share) => share.folder)
    expect(names.slice(0, 3)).toEqual(['data', 'data (ann)', 'data (ann 2)'])
    expect(names.slice(4, 7)).toEqual(['data (cat)', 'data (cat 2)', 'data (cat 3)'])
    expect(names[7]).toBe(`${'ü'.repeat(124)} (cat)`)
    expect(new Set(names).size).toBe(8)
    expect((await shares.mountsOf('bob'))[0]).toMatchObject({
      target: 'Shared with me/data',
      readOnly: true,
    })
  })
})

describe('what is shared', () => {
  test('is at most a hundred things between two, also when they come all at once', async () => {
    const { shares, homes } = await createGround()
    await mkdir(join(homes, 'ann/many'))
    const names = Array.from({ length: 105 }, (_, index) => `many/${index}`)
    for (const name of names) await writeFile(join(homes, 'ann', name), 'x')
    const outcomes = await Promise.allSettled(names.map((name) => shares.create('ann', name, withBob)))
    expect(outcomes.filter((one) => one.status === 'fulfilled')).toHaveLength(100)
    expect(await shares.mountsOf('bob')).toHaveLength(100)
    await expect(shares.create('ann', 'data', withBob)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('100'),
      mend: expect.any(String),
    })
    await shares.create('ann', 'data', { ...withBob, name: 'cat' })
  })

  test('does not lie deeper than anybody needs', async () => {
    const { shares, homes } = await createGround()
    const path = Array.from({ length: 129 }, () => 'd').join('/')
    await mkdir(join(homes, 'ann', path), { recursive: true })
    await expect(shares.create('ann', path, withBob)).rejects.toMatchObject({ code: 'bad-request' })
    const share = await shares.create('ann', path.slice(2), withBob)
    expect(share.kind).toBe('folder')
  })

  test('is looked at only as long as somebody waits for it, and not without end', async () => {
    const { shares, home } = await createGround()
    for (const path of ['data', 'data/raw', 'plot.png']) await shares.create('ann', path, withBob)
    const { signal } = createCountedSignal(4)
    await expect(shares.listReceived('bob', signal)).rejects.toThrow('The client left.')
    await expect(shares.listOf('ann', undefined, createCountedSignal(4).signal)).rejects.toThrow('The client left.')
    const file = (await shares.listOf('ann')).find((share) => share.path === 'plot.png')
    if (file === undefined) throw new Error('no share')
    const budget = { steps: 1 }
    expect(await findSharedKind(home, file, { budget })).toBe('file')
    expect(await findSharedKind(home, file, { budget })).toBe('folder')
  })

  test('is followed through renames and moves of it and of what it lies in', async () => {
    const { shares, trees } = await createGround()
    const { space } = await trees.home('ann')
    await space.createFolder('data%')
    await space.createFolder('database')
    await space.createFolder('Data')
    const folder = await shares.create('ann', 'data', withBob)
    const file = await shares.create('ann', 'data/raw/one.csv', byLink)
    const others = []
    for (const path of ['data%', 'database', 'Data']) others.push(await shares.create('ann', path, byLink))
    await space.move('data', 'Daten – neu')
    await space.move('Daten – neu/raw/one.csv', 'Daten – neu/1.csv')
    expect((await shares.listOf('ann')).map(({ id, path, kind }) => [id, path, kind])).toEqual([
      [folder.id, 'Daten – neu', 'folder'],
      [file.id, 'Daten – neu/1.csv', 'file'],
      ...others.map((other) => [other.id, other.path, 'folder']),
    ])
    await shares.update('ann', folder.id, { access: 'write' })
    const received = await trees.received('bob', folder.id)
    await received.space.move('1.csv', 'raw/2.csv')
    expect((await shares.listOf('ann', 'Daten – neu/raw/2.csv')).map((share) => share.id)).toEqual([file.id])
    expect(await readText((await trees.linked(await link(shares, file.id))).space, '')).toBe('1')
  })

  test('ends where it is gone, and stays so when something comes to its place', async () => {
    const { shares, trees } = await createGround()
    const { space } = await trees.home('ann')
    const share = await shares.create('ann', 'plot.png', withBob)
    await space.remove('plot.png')
    const ended = [{ id: share.id, kind: 'missing', ended: { at: expect.any(Date), why: 'deleted' } }]
    expect(await shares.listOf('ann')).toMatchObject(ended)
    await space.write('plot.png', pieces('again'))
    expect(await shares.listOf('ann')).toMatchObject(ended)
    expect(await shares.listOf('ann', 'plot.png')).toEqual([])
    expect(await shares.listReceived('bob')).toMatchObject(ended)
    expect(await shares.mountsOf('bob')).toEqual([])
    await expect(trees.received('bob', share.id)).rejects.toMatchObject({ code: 'gone' })
    await expect(shares.update('ann', share.id, { access: 'write' })).rejects.toMatchObject({ code: 'gone' })
    // What is there now may be shared anew, under the name that is free again.
    await shares.create('ann', 'plot.png', withBob)
    expect(await shares.mountsOf('bob')).toMatchObject([{ path: 'plot.png', target: 'Shared with me/plot.png' }])
    await shares.revoke('ann', share.id)
    expect(await shares.listOf('ann')).toMatchObject([{ kind: 'file' }])
  })

  test('is not what a link was put in its place leads to', async () => {
    const { shares, trees, homes } = await createGround()
    const share = await shares.create('ann', 'data/raw', { ...byLink })
    const { space } = await trees.home('ann')
    await space.createFolder('private')
    await rename(join(homes, 'ann/data/raw'), join(homes, 'ann/data/old'))
    await symlink('../private', join(homes, 'ann/data/raw'))
    expect(await shares.listOf('ann')).toMatchObject([{ kind: 'folder', path: 'data/old' }])
    const { space: shown } = await trees.linked(await link(shares, share.id))
    expect((await shown.list('')).map(({ path }) => path)).toEqual(['one.csv'])
  })

  test('is the real thing where it was named through a link', async () => {
    const { shares, homes } = await createGround()
    await symlink('data/raw', join(homes, 'ann/short'))
    const share = await shares.create('ann', 'short', withBob)
    expect(share.path).toBe('data/raw')
    expect((await shares.listOf('ann', 'short')).map((one) => one.id)).toEqual([share.id])
  })
})

describe('by link', () => {
  test('ends at once when revoked, and is as if it never was', async () => {
    const { shares } = await createGround()
    const { id } = await shares.create('ann', 'data', byLink)
    const { token } = await link(shares, id)
    expect(Buffer.from(token, 'base64url').length * 8).toBeGreaterThanOrEqual(128)
    expect(await shares.findLink(token)).toMatchObject({ id, owner: 'ann' })
    await shares.revoke('ann', id)
    const revoked = await shares.findLink(token).catch(String)
    expect(revoked).toBe(await shares.findLink('never-was').catch(String))
    await expect(shares.findLink(token)).rejects.toMatchObject({ code: 'not-found' })
  })

  test('expires, and lives again when its end is moved', async () => {
    const { shares } = await createGround()
    const { id } = await shares.create('ann', 'data', { ...byLink, expires: new Date(Date.now() + 1000) })
    const { token } = await link(shares, id)
    vi.useFakeTimers({ now: Date.now() + 2000, toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    await expect(shares.findLink(token)).rejects.toMatchObject({ code: 'gone' })
    await shares.update('ann', id, { expires: null })
    expect(await shares.findLink(token)).toMatchObject({ id, expires: null })
  })

  test('a password opens it until it changes', async () => {
    const { shares } = await createGround()
    const { id } = await shares.create('ann', 'data', { ...byLink, password: 'correct horse' })
    const other = await shares.create('ann', 'plot.png', { ...byLink, password: 'correct horse' })
    const found = await link(shares, id)
    expect(JSON.stringify(found)).not.toContain('correct horse')
    expect(shares.isOpen(found, undefined)).toBe(false)
    let tries = 0
    const attempt = () => {
      tries += 1
      return { succeeded: () => undefined, withdrawn: () => undefined }
    }
    await expect(shares.unlock(found, 'wrong', attempt)).rejects.toMatchObject({ code: 'forbidden' })
    const proof = await shares.unlock(found, 'correct horse', attempt)
    expect(await shares.unlock(found, 'correct horse', attempt)).toBe(proof)
    // One that was right a moment ago is not checked at length again.
    expect(tries).toBe(2)
    expect(shares.isOpen(found, proof)).toBe(true)
    expect(shares.isOpen(await link(shares, other.id), proof)).toBe(false)
    await shares.update('ann', id, { password: 'correct horse' })
    expect(shares.isOpen(await link(shares, id), proof)).toBe(false)
    await expect(shares.unlock(await link(shares, id), 'battery', attempt)).rejects.toMatchObject({ code: 'forbidden' })
    await shares.update('ann', id, { password: null })
    expect(shares.isOpen(await link(shares, id), undefined)).toBe(true)
  })

  test('of passwords that are set or tried all at once, most are turned away', async () => {
    const { shares } = await createGround()
    const { id } = await shares.create('ann', 'data', { ...byLink, password: 'correct horse' })
    const codes = async (work: Array<Promise<unknown>>): Promise<unknown[]> =>
      (await Promise.allSettled(work)).map((one) => (one.status === 'rejected' ? one.reason.code : 'done'))
    const setting = Array.from({ length: 50 }, () => shares.update('ann', id, { password: 'battery' }))
    const set = await codes(setting)
    expect(set.filter((code) => code === 'done').length).toBeGreaterThan(0)
    expect(set.filter((code) => code === 'rate-limited').length).toBeGreaterThan(30)
    let withdrawn = 0
    const attempt = () => ({ succeeded: () => undefined, withdrawn: () => void (withdrawn += 1) })
    const found = await link(shares, id)
    const tried = await codes(Array.from({ length: 20 }, () => shares.unlock(found, 'battery', attempt)))
    expect(tried).toEqual([...Array(8).fill('done'), ...Array(12).fill('rate-limited')])
    expect(withdrawn).toBe(12)
    const gone = AbortSignal.abort(new Error('left'))
    await expect(shares.update('ann', id, { password: 'new' }, gone)).rejects.toThrow('left')
    expect(await shares.unlock(found, 'battery', attempt)).toBeTruthy()
  })

  test('cannot be written to', async () => {
    const { shares, trees } = await createGround()
    const { id } = await shares.create('ann', 'data', byLink)
    const { space } = await trees.linked(await link(shares, id))
    await expect(space.write('x', pieces('x'))).rejects.toMatchObject({ code: 'forbidden' })
    await expect(shares.update('ann', id, { access: 'write' })).rejects.toMatchObject({ code: 'bad-request' })
  })
})

describe('sessions', () => {
  test('are told when what their user receives starts, changes, moves, ends', async () => {
    const { shares, trees, told } = await createGround()
    const { space } = await trees.home('ann')
    const folder = await shares.create('ann', 'data', withBob)
    await shares.update('ann', folder.id, { access: 'write' })
    await space.move('data', 'moved')
    await space.write('unrelated', pieces('x'))
    await space.write('moved/new', pieces('x'))
    expect(told).toEqual(['bob', 'bob', 'bob'])
    await space.remove('moved')
    await shares.revoke('ann', folder.id)
    expect(told).toEqual(['bob', 'bob', 'bob', 'bob', 'bob'])
    const file = await shares.create('ann', 'plot.png', { ...withBob, name: 'cat' })
    await space.write('plot.png', pieces('new'), { overwrite: true })
    expect(told.slice(5)).toEqual(['cat', 'cat'])
    expect(file.kind).toBe('file')
  })

  test('are told when something is replaced behind the service’s back, while they are watched', async () => {
    const { shares, homes, told } = await createGround()
    await shares.create('ann', 'plot.png', withBob)
    await shares.create('ann', 'data/raw', withBob)
    await shares.watch('bob')
    await shares.watch('bob')
    told.length = 0
    const save = async (): Promise<void> => {
      await writeFile(join(homes, 'ann/plot.tmp'), String(Math.random()))
      await rename(join(homes, 'ann/plot.tmp'), join(homes, 'ann/plot.png'))
    }
    await save()
    await expect.poll(() => told, patience).toEqual(['bob'])
    await save()
    await expect.poll(() => told, patience).toEqual(['bob', 'bob'])
    await rename(join(homes, 'ann/data/raw'), join(homes, 'ann/data/raw2'))
    await expect.poll(() => told, patience).toEqual(['bob', 'bob', 'bob'])
    await rename(join(homes, 'ann/data/raw2'), join(homes, 'ann/data/raw'))
    await expect.poll(() => told, patience).toEqual(['bob', 'bob', 'bob', 'bob'])
    shares.unwatch('bob')
    await save()
    await shares.create('ann', 'plot.png', { ...withBob, name: 'cat' })
    expect(told).toEqual(['bob', 'bob', 'bob', 'bob', 'cat'])
  })

  test('are told also of a file in a folder that is never quiet', async () => {
    const { shares, homes, told } = await createGround()
    await shares.create('ann', 'plot.png', withBob)
    await shares.watch('bob')
    told.length = 0
    for (let count = 0; count < 3000; count++) await writeFile(join(homes, 'ann/log'), String(count))
    await writeFile(join(homes, 'ann/plot.tmp'), 'new')
    await rename(join(homes, 'ann/plot.tmp'), join(homes, 'ann/plot.png'))
    await expect.poll(() => told, patience).toEqual(['bob'])
    await writeFile(join(homes, 'ann/plot.tmp'), 'newer')
    await rename(join(homes, 'ann/plot.tmp'), join(homes, 'ann/plot.png'))
    await expect.poll(() => told, patience).toEqual(['bob', 'bob'])
  })

  test('get plain data to mount from', async () => {
    const { shares, homes } = await createGround()
    const share = await shares.create('ann', 'data/raw', { ...withBob, access: 'write' })
    expect(await shares.mountsOf('bob')).toEqual([
      {
        id: share.id,
        root: join(homes, 'ann'),
        path: 'data/raw',
        identity: expect.stringMatching(/^\d+:\d+$/),
        target: 'Shared with me/raw',
        readOnly: false,
        ownerUid: ann === null ? null : 301_000,
      },
    ])
    expect(await shares.mountsOf('cat')).toEqual([])
  })
})

test('a user who is removed takes their shares along, given and received', async () => {
  const { shares, trees, told } = await createGround()
  await shares.create('ann', 'data', withBob)
  const { id } = await shares.create('ann', 'data', byLink)
  const { token } = await link(shares, id)
  const { space } = await trees.home('cat')
  await space.createFolder('cats')
  await shares.create('cat', 'cats', { ...withBob, name: 'ann' })
  told.length = 0
  await shares.removeUser('ann')
  expect(told).toEqual(['bob'])
  expect(await shares.listReceived('bob')).toEqual([])
  expect(await shares.listOf('cat')).toEqual([])
  await expect(shares.findLink(token)).rejects.toMatchObject({ code: 'not-found' })
})

async function isUser(name: string): Promise<boolean> {
  return users.includes(name)
}
