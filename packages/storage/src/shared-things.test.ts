import { execFile } from 'node:child_process'
import { cp, link as hardLink, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { openDatabase } from '@cygnet/core/database'
import { createSilentLogger } from '@cygnet/core/log'
import type { Updateable } from 'kysely'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createHomes } from './homes.ts'
import { lookAt } from './identity.ts'
import { createShares, type Shares } from './shares.ts'
import { storageMigrations, type SharesTable, type StorageTables } from './share-tables.ts'
import { isRoot, pieces, readText } from './space.fixture.ts'
import { createTrees, type Trees } from './trees.ts'

const run = promisify(execFile)
const byLink = { type: 'link' } as const
const withBob = { type: 'user', name: 'bob', access: 'read' } as const
/** For a busy machine; what is waited for comes within a second elsewhere. */
const patience = { timeout: 30_000 }

interface Service {
  shares: Shares
  trees: Trees
  close(): Promise<void>
}

interface Ground extends Service {
  home: string
  /** A shell in ann's home, as any program of hers. */
  sh: (command: string) => Promise<string>
  /** The service anew over the same files, as after a stop. */
  restart: () => Promise<Service>
  /** Shares a path by link and tells later what the link shows, or why it shows nothing. */
  share: (
    path: string,
    service?: Service,
  ) => Promise<{ id: string; token: string; shows: (service?: Service) => Promise<string> }>
}

/** ann has `results` with `one.txt` in it, `plot.csv` and `other`, on the disk of `parent`. */
async function createGround(parent = tmpdir()): Promise<Ground> {
  const folder = await mkdtemp(join(parent, 'cygnet-things-'))
  const open: Service[] = []
  const start = async (): Promise<Service> => {
    const database = await openDatabase<StorageTables>(join(folder, 'test.sqlite'), [storageMigrations])
    const homes = createHomes({
      folder: join(folder, 'homes'),
      ownerOf: async (name) => {
        const uid = 301_000 + ['ann', 'bob'].indexOf(name)
        return uid < 301_000 ? undefined : isRoot ? { uid, gid: uid } : null
      },
    })
    const isUser = async (): Promise<boolean> => true
    const shares = createShares({ database, homes, isUser, log: createSilentLogger() })
    await homes.open('ann')
    const close = async (): Promise<void> => {
      shares.close()
      await database.destroy()
    }
    const service = { shares, trees: createTrees(homes, shares), close }
    open.push(service)
    return service
  }
  onTestFinished(async () => {
    for (const service of open) await service.close().catch(() => undefined)
    await rm(folder, { recursive: true, force: true })
  })
  const first = await start()
  const home = join(folder, 'homes/ann')
  const sh = async (command: string): Promise<string> =>
    (await run('bash', ['--norc', '-c', command], { cwd: home })).stdout
  await sh('mkdir -p results/deep other && echo -n old > results/one.txt && echo -n old > plot.csv')
  return {
    ...first,
    home,
    sh,
    async restart() {
      await open.at(-1)?.close()
      return start()
    },
    async share(path, by = first) {
      const { id, ...share } = await by.shares.create('ann', path, byLink)
      const token = share.type === 'link' ? share.token : ''
      return { id, token, shows: (to = first) => show(to, token) }
    },
  }
}

/** What somebody with the link sees: the content of a file, the names in a folder. */
async function show({ shares, trees }: Service, token: string): Promise<string> {
  try {
    const { space } = await trees.linked(await shares.findLink(token))
    const { kind } = await space.stat('')
    if (kind === 'file') return await readText(space, '')
    return (await space.list('')).map(({ name }) => name).join(' ')
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}

describe('a share ends with what was shared', () => {
  test.each([
    ['a folder', 'results', 'rm -r results', 'mkdir results && echo private > results/private'],
    ['a file', 'plot.csv', 'rm plot.csv', 'echo private > plot.csv'],
    ['a folder with what it lies in', 'results/deep', 'rm -r results', 'mkdir -p results/deep/private'],
    ['a folder, for a file', 'results', 'rm -r results', 'echo private > results'],
    ['a file, for a folder', 'plot.csv', 'rm plot.csv', 'mkdir -p plot.csv/private'],
    ['a folder, for a link to another', 'results', 'rm -r results', 'mkdir -p other/private && ln -s other results'],
    ['a folder, for one that was elsewhere', 'results', 'rm -r results', 'touch other/private && mv other results'],
  ])('%s', async (_what, path, end, begin) => {
    const { sh, share, shares, restart } = await createGround()
    const link = await share(path)
    const { id } = await shares.create('ann', path, withBob)
    await sh(`${end} && ${begin}`)
    expect(await link.shows()).toBe('gone')
    expect(await shares.mountsOf('bob')).toEqual([])
    await expect(shares.findReceived('bob', id)).rejects.toMatchObject({ code: 'gone' })
    expect(await shares.listOf('ann')).toMatchObject([{ ended: { why: 'deleted' } }, { ended: { why: 'deleted' } }])
    expect(await link.shows(await restart())).toBe('gone')
  })

  test.each([
    ['the disk gives numbers away again', '256'],
    ['keeps no time of birth', '128'],
  ])('also when nobody looked, the service was stopped, and %s', async (_what, inodeSize) => {
    const { sh, home, share, restart } = await createGround(await mountExt4(inodeSize))
    const link = await share('plot.csv')
    const before = (await lookAt(home, ['plot.csv']))?.identity
    await sh('rm plot.csv && sync && echo private > plot.csv')
    const after = (await lookAt(home, ['plot.csv']))?.identity
    // The very same inode.
    expect(after?.split(':')[0]).toBe(before?.split(':')[0])
    const service = await restart()
    expect(await link.shows(service)).toBe('gone')
    const kept = await share('results', service)
    await sh('mv results renamed')
    expect(await kept.shows(service)).toBe('deep one.txt')
  })

  test('on a disk that is memory', async () => {
    const { sh, share } = await createGround(await mountTmpfs())
    const [folder, file, moved] = [await share('results'), await share('plot.csv'), await share('other')]
    await sh('rm -r results plot.csv && mkdir results && echo private > plot.csv && mv other third && touch third/here')
    expect([await folder.shows(), await file.shows(), await moved.shows()]).toEqual(['gone', 'gone', 'here'])
  })

  test('where it is moved out of the home, or to what its owner calls trash', async () => {
    const { sh, share, shares, home } = await createGround()
    for (const path of ['results', 'plot.csv']) await share(path)
    await rename(join(home, 'results'), join(home, '../results'))
    await sh('mkdir -p .local/share/Trash/files && mv plot.csv .local/share/Trash/files/')
    expect((await shares.listOf('ann')).map(({ ended }) => ended?.why)).toEqual(['moved-away', 'deleted'])
    await rename(join(home, '../results'), join(home, 'results'))
    expect((await shares.listOf('ann')).map(({ kind }) => kind)).toEqual(['missing', 'missing'])
  })

  test('at once where somebody looks after it, whatever comes a moment later', async () => {
    const { home, sh, share, shares } = await createGround()
    await shares.follow()
    for (const path of ['results', 'plot.csv']) await share(path)
    await sh('cp -a results kept && cp -a plot.csv kept.csv && rm -r results plot.csv')
    await expect
      .poll(async () => (await shares.listOf('ann')).map(({ ended }) => ended?.why), patience)
      .toEqual(['deleted', 'deleted'])
    await rename(join(home, 'kept'), join(home, 'results'))
    expect((await shares.listOf('ann')).map(({ kind }) => kind)).toEqual(['missing', 'missing'])
  })
})

describe('a share follows', () => {
  test.each([
    ['a rename', 'results', 'mv results renamed', 'renamed'],
    ['a move', 'results', 'mv results other/', 'other/results'],
    ['a move of a file', 'plot.csv', 'mv plot.csv results/deep/p.csv', 'results/deep/p.csv'],
    ['what it lies in', 'results/deep', 'mv results other/ && mv other more', 'more/results/deep'],
    ['one thing to another’s name', 'results', 'mv results x && mv other results && mv x other', 'other'],
    ['one file to another’s name', 'plot.csv', 'cp plot.csv b && mv plot.csv x && mv b plot.csv && mv x b', 'b'],
    ['a name that remains', 'plot.csv', 'ln plot.csv second && rm plot.csv', 'second'],
    ['a move, though a copy of it takes its place', 'results', 'cp -a results c && mv results o && mv c results', 'o'],
  ])('%s, while the service runs and while it does not', async (_what, path, command, to) => {
    for (const stopped of [false, true]) {
      const { sh, share, restart, shares } = await createGround()
      const link = await share(path)
      const before = await link.shows()
      await sh(command)
      const service = stopped ? await restart() : undefined
      expect(await link.shows(service)).toBe(before)
      expect(await (service?.shares ?? shares).listOf('ann', to)).toMatchObject([
        { id: link.id, path: to, ended: null },
      ])
    }
  })

  test('also where the kernel gives no names of its own, by a search', async () => {
    const { home, sh, share, restart } = await createGround()
    const [folder, file] = [await share('results'), await share('plot.csv')]
    await forget(home, { handle: null, mark: null })
    await sh('mkdir -p a/b/c && mv results a/b/c/deep && rm plot.csv && echo private > plot.csv')
    const service = await restart()
    expect([await folder.shows(service), await file.shows(service)]).toEqual(['deep one.txt', 'gone'])
  })

  test('a file with two names that is replaced under one of them', async () => {
    const { home, sh, share, shares } = await createGround()
    await shares.follow()
    await hardLink(join(home, 'plot.csv'), join(home, 'second'))
    const link = await share('plot.csv')
    await sh('echo -n new > t && mv t plot.csv')
    expect(await link.shows()).toBe('new')
  })
})

describe('a save is no end', () => {
  const replace = 'echo -n new > .tmp && mv -f .tmp plot.csv'
  test.each([
    ['a new file renamed over it', replace],
    ['twice', `echo -n older > .t && mv .t plot.csv && ${replace}`],
    ['written in place', 'echo -n new > plot.csv'],
    ['python', `python3 -c "import os; open('t','w').write('new'); os.replace('t','plot.csv')"`],
    ['as Emacs does', 'mv plot.csv plot.csv~ && echo -n new > plot.csv'],
    ['as Emacs does with numbers', 'mv plot.csv plot.csv.~3~ && echo -n new > plot.csv'],
    ['as Vim does', 'mv plot.csv plot.csv~ && echo -n new > plot.csv && rm plot.csv~'],
    ['sed', 'sed -i s/old/new/ plot.csv'],
    ['from another folder', 'echo -n new > other/plot.csv && mv other/plot.csv plot.csv'],
    ['cp', 'echo -n new > t && cp t plot.csv'],
  ])('%s', async (_what, command) => {
    const { sh, share, shares, restart } = await createGround()
    await shares.follow()
    const link = await share('plot.csv')
    await sh(command)
    expect(await link.shows()).toBe('new')
    expect(await link.shows(await restart())).toBe('new')
  })

  test('through the service, again and again, and by who may write', async () => {
    const { trees, share, shares } = await createGround()
    const link = await share('plot.csv')
    const { id } = await shares.create('ann', 'plot.csv', { ...withBob, access: 'write' })
    const { space } = await trees.home('ann')
    for (const text of ['1', '2']) await space.write('plot.csv', pieces(text), { overwrite: true })
    expect(await link.shows()).toBe('2')
    const { space: received } = await trees.received('bob', id)
    for (const text of ['3', '4']) await received.write('', pieces(text), { overwrite: true })
    expect(await link.shows()).toBe('4')
    expect(await readText(received, '')).toBe('4')
  })

  test('by a program that keeps a file’s attributes, while the service is stopped', async () => {
    const { sh, share, restart } = await createGround()
    const link = await share('plot.csv')
    await sh('cp -a plot.csv t && echo -n new > t && mv t plot.csv')
    expect(await link.shows(await restart())).toBe('new')
  })

  test('that nobody saw and that kept nothing ends the share, for it cannot be told from another thing', async () => {
    const { sh, share, restart } = await createGround()
    const link = await share('plot.csv')
    await sh(replace)
    const service = await restart()
    expect(await link.shows(service)).toBe('gone')
    expect(await service.shares.listOf('ann')).toMatchObject([{ ended: { why: 'deleted' } }])
  })

  test('is told from a deletion again once a helper that was killed has a successor', async () => {
    const { sh, share, shares } = await createGround()
    await shares.follow()
    const link = await share('plot.csv')
    const [before = 0] = await findWatchers()
    process.kill(before, 'SIGKILL')
    await sh('mv plot.csv moved.csv')
    expect(await link.shows()).toBe('old')
    await expect.poll(async () => (await findWatchers()).filter((pid) => pid !== before), patience).toHaveLength(1)
    await sh('echo -n new > .t && mv .t moved.csv')
    expect(await link.shows()).toBe('new')
  })

  test('of a folder there is none: another one in its place is another', async () => {
    const { sh, share, shares } = await createGround()
    await shares.follow()
    const link = await share('other')
    await sh(`python3 -c "import os; os.mkdir('new'); os.rename('new', 'other')"; touch other/private`)
    expect(await link.shows()).toBe('gone')
  })
})

describe('a copy with the mark of the original', () => {
  test('is not the original while that is there, and is it where it was put back in its place', async () => {
    const { home, sh, share } = await createGround()
    const link = await share('results')
    await cp(join(home, 'results'), join(home, 'plain'), { recursive: true })
    await sh('cp -a results backup && touch backup/copied')
    expect(await link.shows()).toBe('deep one.txt')
    await sh('rm -r results && mv backup results')
    expect(await link.shows()).toBe('deep copied one.txt')
  })

  test('anywhere else is nothing', async () => {
    const { sh, share } = await createGround()
    const link = await share('results')
    await sh('cp -a results copy && rm -r results')
    expect(await link.shows()).toBe('gone')
  })

  test('leads no other share to it, and is given a mark of its own when it is shared', async () => {
    const { home, sh, share, shares } = await createGround()
    const [secret, planted] = [await share('results'), await share('plot.csv')]
    const read = (path: string): Promise<string> =>
      sh(`python3 -c "import os; print(os.getxattr('${path}', 'user.cygnet.id').decode())"`)
    const plant = (paths: string, text: string): Promise<string> =>
      sh(`for path in ${paths}; do python3 -c "import os; os.setxattr('$path', 'user.cygnet.id', b'${text}')"; done`)
    const mark = (await read('results')).trim()
    // Somebody who may write below `other` plants it there, and in place of another shared thing.
    await mkdir(join(home, 'other/evil'))
    await plant('other/evil plot.csv', mark)
    await sh('rm -r results && touch other/evil/evil')
    expect(await secret.shows()).toBe('gone')
    expect(await planted.shows()).toBe('old')
    await mkdir(join(home, 'new'))
    await plant('new', mark)
    await shares.create('ann', 'new', byLink)
    expect((await read('new')).trim()).not.toBe(mark)
  })

  test('a home that was put back from a backup has its shares where the marks are', async () => {
    const { home, sh, share, restart } = await createGround()
    const [folder, file, lost] = [await share('results'), await share('plot.csv'), await share('other')]
    await sh('cp -a . ../copy && rm -r ../copy/other && mkdir ../copy/other && touch ../copy/other/private')
    await rename(home, `${home}-away`)
    await mkdir(home)
    await writeFile(join(home, 'plot.csv'), 'private')
    if (isRoot) await run('chown', ['-R', '301000:301000', home])
    const empty = await restart()
    // Such as with a disk that is not mounted: nothing is shown, and nothing ended.
    expect([await folder.shows(empty), await file.shows(empty)]).toEqual(['not-found', 'not-found'])
    await rm(home, { recursive: true })
    await rename(join(home, '../copy'), home)
    if (isRoot) await run('chown', ['-R', '301000:301000', home])
    const restored = await restart()
    expect([await folder.shows(restored), await file.shows(restored)]).toEqual(['deep one.txt', 'old'])
    expect(await lost.shows(restored)).toBe('not-found')
  })
})

test('shares of before learn what they are of when somebody looks, and end where there is nothing', async () => {
  const { share, restart, sh, home } = await createGround()
  const [folder, file] = [await share('results'), await share('plot.csv')]
  await forget(home, { identity: null, handle: null, mark: null, home: null })
  await sh('rm plot.csv')
  const service = await restart()
  expect([await folder.shows(service), await file.shows(service)]).toEqual(['deep one.txt', 'gone'])
  await sh('echo private > plot.csv && mv results r && mkdir -p results/private')
  expect([await folder.shows(service), await file.shows(service)]).toEqual(['deep one.txt', 'gone'])
})

/** The helpers of this process that watch something. */
async function findWatchers(): Promise<number[]> {
  const { stdout } = await run('bash', [
    '--norc',
    '-c',
    `for pid in $(pgrep -P ${process.pid} -f 'things.py watch'); do grep -qs 'inotify wd' /proc/$pid/fdinfo/* && echo $pid; done; true`,
  ])
  return stdout.split('\n').filter(Boolean).map(Number)
}

/** As if that had never been known of any share. */
async function forget(home: string, what: Updateable<SharesTable>): Promise<void> {
  const database = await openDatabase<StorageTables>(join(home, '../../test.sqlite'), [storageMigrations])
  await database.updateTable('shares').set(what).execute()
  await database.destroy()
}

/** A disk of its own; tests run as root. */
async function mountExt4(inodeSize: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cygnet-disk-'))
  await run('truncate', ['-s', '16M', `${folder}/image`])
  await run('mkfs.ext4', ['-q', '-I', inodeSize, `${folder}/image`])
  await mkdir(`${folder}/disk`)
  await run('mount', ['-o', 'loop', `${folder}/image`, `${folder}/disk`])
  onTestFinished(async () => {
    await run('umount', ['-l', `${folder}/disk`])
    await rm(folder, { recursive: true })
  })
  return `${folder}/disk`
}

async function mountTmpfs(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cygnet-disk-'))
  await run('mount', ['-t', 'tmpfs', 'none', folder])
  onTestFinished(async () => {
    await run('umount', ['-l', folder])
    await rm(folder, { recursive: true })
  })
  return folder
}
