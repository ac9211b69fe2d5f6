import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, lstat, mkdir, readFile, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Mount } from '../spawner.ts'
import { createSandboxBed, isRoot, makeOwn, writeOwn, type SandboxBed, type Shell } from './testing/bed.ts'

const execute = promisify(execFile)
let bed: SandboxBed
let owner: { name: string; uid: number | null; home: string }

beforeEach(async () => {
  bed = await createSandboxBed()
  owner = await bed.createUser('owner')
  await makeOwn(join(owner.home, 'work'), owner.uid)
  await writeOwn(join(owner.home, 'work', 'data.csv'), 'a,b\n', owner.uid)
  await writeOwn(join(owner.home, 'private.txt'), 'the owner’s own', owner.uid)
})

afterEach(async () => {
  await bed.close()
})

function share(path: string, name: string, readOnly = false): Mount {
  return { source: { root: owner.home, path }, target: `Shared with me/${name}`, readOnly, ownerUid: owner.uid }
}

function inShared(script: string): string {
  return `cd ~/"Shared with me" && ${script}`
}

const warnings = (): string[] =>
  bed.logged.filter(({ level }) => Number(level) >= 40).map((entry) => JSON.stringify(entry))

async function remount(shell: Shell, mounts: Mount[]): Promise<void> {
  await bed.spawner.remount?.(shell.handle, mounts)
}

describe.runIf(isRoot)('as root, while the server runs', () => {
  test('files are shown as the recipient’s own, and belong to the owner on disk', async () => {
    const shell = await bed.startShell()
    await remount(shell, [share('work', 'work')])
    const { name } = shell.request.user
    expect(await shell.print(inShared('stat -c "%U %a" work work/data.csv'))).toBe(`${name} 700\n${name} 600\n`)
    await shell.print(inShared('echo 1,2 >> work/data.csv; mkdir work/sub; echo new > work/sub/new.txt'))
    expect(await readFile(join(owner.home, 'work', 'data.csv'), 'utf8')).toBe('a,b\n1,2\n')
    for (const path of ['work/data.csv', 'work/sub', 'work/sub/new.txt'])
      expect(await stat(join(owner.home, path)), path).toMatchObject({ uid: owner.uid, gid: owner.uid })
    await writeOwn(join(owner.home, 'work', 'sub', 'theirs.txt'), 'from the owner', owner.uid)
    expect(await shell.print(inShared('cat work/sub/theirs.txt'))).toBe('from the owner')
  })

  test('what belongs to neither stays closed', async () => {
    await writeOwn(join(owner.home, 'work', 'third.txt'), 'a third’s', null)
    const shell = await bed.startShell()
    await remount(shell, [share('work', 'work')])
    expect(await shell.print(inShared('stat -c %U work/third.txt'))).toBe('nobody\n')
    expect(await shell.succeeds(inShared('cat work/third.txt'))).toBe(false)
  })

  test('no program gains rights, no device works', async () => {
    const shell = await bed.startShell()
    await remount(shell, [share('work', 'work')])
    expect(await shell.print("grep 'Shared' /proc/mounts | grep -vc nosuid,nodev")).toBe('0\n')
  })

  test('read-only is read-only', async () => {
    const shell = await bed.startShell()
    await remount(shell, [share('work', 'work', true)])
    for (const attempt of [
      'echo >> work/data.csv',
      'touch work/x',
      'rm work/data.csv',
      'chmod 777 work',
      'mv work/data.csv work/y',
    ])
      expect(await shell.succeeds(inShared(attempt)), attempt).toBe(false)
    await remount(shell, [share('work', 'work', false)])
    expect(await shell.succeeds(inShared('touch work/x'))).toBe(true)
    await remount(shell, [share('work', 'work', true)])
    expect(await shell.succeeds(inShared('touch work/y'))).toBe(false)
  })

  test('one file alone is shared; replaced by another, it is mounted anew', async () => {
    const shell = await bed.startShell()
    await remount(shell, [share('work/data.csv', 'data.csv')])
    expect(await shell.print(inShared('cat data.csv; ls'))).toBe('a,b\ndata.csv\n')
    await writeOwn(join(owner.home, 'work', 'next.csv'), 'c,d\n', owner.uid)
    await rename(join(owner.home, 'work', 'next.csv'), join(owner.home, 'work', 'data.csv'))
    expect(await shell.print(inShared('cat data.csv'))).toBe('a,b\n')
    await remount(shell, [share('work/data.csv', 'data.csv')])
    expect(await shell.print(inShared('cat data.csv'))).toBe('c,d\n')
    await rm(join(owner.home, 'work', 'data.csv'))
    await remount(shell, [share('work/data.csv', 'data.csv')])
    expect(await shell.print(inShared('ls'))).toBe('')
    await makeOwn(join(owner.home, 'work', 'data.csv'), owner.uid)
    await remount(shell, [share('work/data.csv', 'data.csv')])
    expect(await shell.print(inShared('stat -c %F data.csv'))).toBe('directory\n')
  })

  test('an unchanged share is left alone: what is open stays open', async () => {
    const shell = await bed.startShell()
    await remount(shell, [share('work', 'work')])
    const before = await shell.print("grep /work /proc/self/mountinfo | cut -d' ' -f1")
    await remount(shell, [share('work', 'work'), share('private.txt', 'other')])
    expect(await shell.print("grep /work /proc/self/mountinfo | cut -d' ' -f1")).toBe(before)
  })

  test('a share ends although somebody works in it', async () => {
    const shell = await bed.startShell()
    await remount(shell, [share('work', 'work')])
    await shell.print(inShared('cd work; sleep 1000 > /dev/null 2>&1 & tail -f work/data.csv > /dev/null 2>&1 &'))
    await remount(shell, [])
    expect(await shell.print(inShared('ls -A'))).toBe('')
    expect(await shell.print('grep -c /work /proc/mounts')).toBe('0\n')
    expect(await readdir(join(owner.home, 'work'))).toEqual(['data.csv'])
  })

  test('nothing of it is left on disk but an empty folder of the user’s own', async () => {
    const shell = await bed.startShell()
    await remount(shell, [share('work', 'work'), share('private.txt', 'one')])
    const folder = join(shell.request.home, 'Shared with me')
    expect(await readdir(folder)).toEqual([])
    expect(await stat(folder)).toMatchObject({ uid: shell.request.user.uid, gid: shell.request.user.uid })
    await shell.print('rm -rf ~/"Shared with me"; mv ~/"Shared with me" ~/elsewhere')
    expect(await shell.print(inShared('ls -A'))).toBe('one\nwork\n')
  })

  test('without anything shared, no folder is made', async () => {
    const shell = await bed.startShell()
    await remount(shell, [])
    expect(await readdir(shell.request.home)).toEqual([])
  })

  test('no symbolic link leads to what is not shared', async () => {
    await symlink('private.txt', join(owner.home, 'link'))
    await symlink('.', join(owner.home, 'here'))
    await symlink(bed.folder, join(owner.home, 'service'))
    await execute('mkfifo', [join(owner.home, 'pipe')])
    const shell = await bed.startShell()
    const outside = [
      'link',
      'here/private.txt',
      'service/secret.sqlite',
      '../../secret.sqlite',
      'work/../../../secret.sqlite',
      'pipe',
    ]
    await remount(shell, [...outside.map((path, index) => share(path, `bad ${index}`)), share('work', 'good')])
    expect(await shell.print(inShared('ls -A'))).toBe('good\n')
    expect(warnings()).toHaveLength(outside.length)
  })

  test('not even one that comes and goes', async () => {
    // "shared" is a harmless file at one moment and a link to a secret at the next.
    await writeOwn(join(bed.folder, 'theirs.txt'), 'SECRET', null)
    const flipper = spawn('python3', ['-c', flip, owner.home, join(bed.folder, 'theirs.txt')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(flipper.stdout, 'data')
    try {
      const shell = await bed.startShell()
      let seen = ''
      for (let round = 0; round < 25; round++) {
        await remount(shell, [share('flip/shared', 'shared', true)])
        seen += await shell.print(inShared('cat shared 2> /dev/null'))
        await remount(shell, [])
      }
      expect(seen).toMatch(/^(harmless)+$/)
    } finally {
      flipper.kill('SIGKILL')
    }
  })

  test('whatever lies in its place in the recipient’s home, nothing happens outside', async () => {
    const traps: Array<[string, (path: string, uid: number) => Promise<void>]> = [
      ['a link to the system', (path) => symlink('/etc', path)],
      ['a link to the old root', (path) => symlink(`/oldroot${bed.folder}`, path)],
      ['a link up', (path) => symlink('../..', path)],
      ['a link to nothing', (path) => symlink('nowhere', path)],
      ['a file', (path, uid) => writeOwn(path, 'mine', uid)],
    ]
    const before = new Set([...(await readdir(bed.folder)), 'run'])
    for (const [what, lay] of traps) {
      const user = await bed.createUser()
      await lay(join(user.home, 'Shared with me'), user.uid ?? 0)
      const shell = await bed.startShell({ user, home: user.home, mounts: [share('work', 'work')] })
      await expect(remount(shell, [share('work', 'work')]), what).rejects.toMatchObject({ code: 'unavailable' })
      expect(await readdir(user.home), what).toEqual(['Shared with me'])
      expect(await shell.print('cat /proc/mounts'), what).not.toContain('/work')
      expect(await shell.print('ls /etc/work /work 2> /dev/null'), what).toBe('')
    }
    expect(new Set(await readdir(bed.folder))).toEqual(before)
    expect(warnings().length).toBeGreaterThanOrEqual(traps.length)
  })

  test('a home without room or right for the folder does not keep the server from starting', async () => {
    const user = await bed.createUser()
    await execute('chmod', ['500', user.home])
    const shell = await bed.startShell({ user, home: user.home, mounts: [share('work', 'work')] })
    expect(await shell.print('ls -A ~')).toBe('')
    await shell.print('chmod 700 ~')
    await remount(shell, [share('work', 'work')])
    expect(await shell.print(inShared('ls'))).toBe('work\n')
  })

  test('two servers of one user see the same', async () => {
    const one = await bed.startShell()
    const two = await bed.startShell({ user: one.request.user, home: one.request.home })
    await remount(one, [share('work', 'work')])
    await remount(two, [share('work', 'work', true)])
    await one.print(inShared('echo x > work/x'))
    expect(await two.print(inShared('cat work/x'))).toBe('x\n')
    expect(await two.succeeds(inShared('touch work/y'))).toBe(false)
    await bed.spawner.stop(one.handle, new AbortController().signal)
    expect(await two.print(inShared('cat work/x'))).toBe('x\n')
  })

  test('two owners at once, and one who shares with themselves', async () => {
    const other = await bed.createUser('other')
    await writeOwn(join(other.home, 'o.txt'), 'other', other.uid)
    const shell = await bed.startShell()
    await writeOwn(join(shell.request.home, 'own.txt'), 'own', shell.request.user.uid)
    await remount(shell, [
      share('work', 'work'),
      { source: { root: other.home, path: '' }, target: 'Shared with me/all', readOnly: true, ownerUid: other.uid },
      {
        source: { root: shell.request.home, path: 'own.txt' },
        target: 'Shared with me/own',
        readOnly: true,
        ownerUid: shell.request.user.uid,
      },
    ])
    expect(await shell.print(inShared('cat work/data.csv all/o.txt own'))).toBe('a,b\notherown')
    expect(await shell.print(inShared('stat -c %U all/o.txt work/data.csv own | sort -u'))).toBe(
      `${shell.request.user.name}\n`,
    )
  })
})

/** Exchanges a folder's entry with a link to the secret, as fast as it can. */
const flip = `
import ctypes, os, sys
libc = ctypes.CDLL(None)
folder = os.path.join(sys.argv[1], 'flip')
os.mkdir(folder)
open(folder + '/shared', 'w').write('harmless')
os.chmod(folder + '/shared', 0o644)
os.symlink(sys.argv[2], folder + '/link')
a, b = (folder + '/shared').encode(), (folder + '/link').encode()
print('ready', flush=True)
while True:
    libc.renameat2(-100, a, -100, b, 2)
`

test('a wrong target is refused', async () => {
  const wrong = [
    '',
    'work',
    '/etc/work',
    'Shared with me',
    'Shared with me/',
    'Shared with me/..',
    'Shared with me/a/b',
    `Shared with me/${'x'.repeat(256)}`,
  ]
  for (const target of wrong)
    await expect(bed.startShell({ mounts: [{ ...share('work', ''), target }] }), target).rejects.toMatchObject({
      code: 'bad-request',
    })
  await expect(bed.startShell({ mounts: [share('work', 'a'), share('work', 'a')] })).rejects.toMatchObject({
    code: 'bad-request',
  })
})

test('names may be what names may be', async () => {
  const names = ['été — Ω', 'it\'s "quoted"', 'two\nlines', '-rf', 'x'.repeat(255), '.hidden']
  const shell = await bed.startShell({ mounts: names.map((name) => share('work', name, true)) })
  for (const name of names) expect(await shell.print(inShared(`cat ./${quote(name)}/data.csv`)), name).toBe('a,b\n')
})

test('at the start, a link in the owner’s home leads nowhere either', async () => {
  await symlink('private.txt', join(owner.home, 'link'))
  await symlink('../..', join(owner.home, 'up'))
  const shell = await bed.startShell({
    mounts: [
      share('link', 'one'),
      share('up/secret.sqlite', 'two'),
      share('../../secret.sqlite', 'three'),
      share('work', 'good'),
    ],
  })
  expect(await shell.print(inShared('ls -A'))).toBe('good\n')
  expect(warnings().filter((text) => text.includes('could not be mounted'))).toHaveLength(3)
})

test('at the start, a link in the recipient’s home is not followed', async () => {
  const user = await bed.createUser()
  await mkdir(join(bed.folder, 'victim'))
  if (user.uid !== null) await chown(join(bed.folder, 'victim'), user.uid, user.uid)
  await symlink(join('..', '..', 'victim'), join(user.home, 'Shared with me'))
  const shell = await bed.startShell({ user, home: user.home, mounts: [share('work', 'work')] })
  expect(await shell.print('echo works')).toBe('works\n')
  expect(await readdir(join(bed.folder, 'victim'))).toEqual([])
  expect((await lstat(join(user.home, 'Shared with me'))).isSymbolicLink()).toBe(true)
  await writeFile(join(bed.folder, 'programs', 'done'), '')
})

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
