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

  test('a thing that is meant by what it is: another one of its name is not mounted', async () => {
    const shell = await bed.startShell()
    const path = join(owner.home, 'work', 'data.csv')
    const { ino, birthtimeNs } = await stat(path, { bigint: true })
    const { source, ...rest } = share('work/data.csv', 'data.csv')
    const mounts = [{ ...rest, source: { ...source, identity: `${ino}:${birthtimeNs}` } }]
    await remount(shell, mounts)
    expect(await shell.print(inShared('cat data.csv'))).toBe('a,b\n')
    await rm(path)
    await writeOwn(path, 'private', owner.uid)
    await remount(shell, mounts)
    expect(await shell.print(inShared('ls'))).toBe('')
    expect(warnings().join()).toContain('missing')
  })

  test('an unchanged share is left alone: what is open stays open', async () => {
    const shell = await bed.startShell()
    await remount(shell, [share('work', 'work')])
    const before = await shell.print("grep /work /proc/self/mountinfo | cut -d' ' -f1")
    await remount(shell, [share('work', 'work'), share('private.txt', 'other')])
    expect(await shell.print("grep /work /proc/self/mountinfo | cut -d' ' -f1")).toBe(before)
  })

  describe('somebody works in it', () => {
    /** Starts a program of Python below the shared folder, and resolves with what tells whether it lives, once it is at work. */
    async function begin(shell: Shell, name: string, program: string): Promise<() => Promise<boolean>> {
      const file = join(shell.request.home, `${name}.py`)
      await writeOwn(
        file,
        `${program}\nimport signal\nopen('${name}.ready', 'w').close()\n${waiting}`,
        shell.request.user.uid,
      )
      const start = `export HOME; cd; setsid nohup python3 ${name}.py > ${name}.log 2>&1 < /dev/null & echo $!`
      const pid = (await shell.print(start)).trim()
      const isAlive = (): Promise<boolean> => shell.succeeds(`kill -0 ${pid}`)
      await expect.poll(async () => (await shell.succeeds(`test -e ~/${name}.ready`)) || !(await isAlive())).toBe(true)
      expect(await shell.print(`cat ~/${name}.log`)).toBe('')
      return isAlive
    }

    const folder = `import os; work = os.path.expanduser('~/Shared with me/work')`
    const waiting = 'while True: signal.pause()'
    const bystander = `import os, mmap, tempfile
f = tempfile.TemporaryFile(); f.write(b'x' * 4096); f.flush(); kept = mmap.mmap(f.fileno(), 4096)
mine = open(os.path.expanduser('~/mine'), 'w')`

    /** Each holds the share in another way. All of them write their notes in the home, where `begin` starts them. */
    const holders: Record<string, string> = {
      folder: `${folder}; home = os.open('.', os.O_RDONLY); os.chdir(work)
real = open
def open(name, mode): return real(f'/proc/self/fd/{home}/{name}', mode)`,
      reader: `${folder}; held = open(work + '/data.csv')`,
      writer: `${folder}; held = open(work + '/data.csv', 'a')`,
      path: `${folder}; held = os.open(work, os.O_PATH)`,
      map: `${folder}
import mmap
with open(work + '/data.csv', 'r+b') as file: held = mmap.mmap(file.fileno(), 0)`,
      thread: `${folder}
import ctypes, threading
moved = threading.Event()
def stand():
    ctypes.CDLL(None).unshare(0x200)
    os.chdir(work)
    moved.set()
    threading.Event().wait()
threading.Thread(target=stand, daemon=True).start()
moved.wait()`,
      socket: `${folder}
import socket
one, two = socket.socketpair()
file = os.open(work + '/data.csv', os.O_RDWR)
socket.send_fds(one, [b'x'], [file])
os.close(file)`,
    }

    test.each(Object.keys(holders))('when it ends, who holds it goes (%s), and nobody else', async (kind) => {
      const shell = await bed.startShell()
      await remount(shell, [share('work', 'work'), share('private.txt', 'other')])
      const neighbour = await begin(shell, 'neighbour', bystander)
      const other = await begin(shell, 'other', `import os; held = open(os.path.expanduser('~/Shared with me/other'))`)
      const holder = await begin(shell, 'holder', holders[kind] ?? '')
      expect(await holder()).toBe(true)
      await remount(shell, [share('private.txt', 'other')])
      await expect.poll(holder).toBe(false)
      expect([await neighbour(), await other()]).toEqual([true, true])
      expect(await shell.print(inShared('ls -A'))).toBe('other\n')
      expect(await shell.print('grep -c /work /proc/mounts')).toBe('0\n')
      expect(await readdir(join(owner.home, 'work'))).toEqual(['data.csv'])
    })

    test('a program that comes again and again gets nowhere', async () => {
      const shell = await bed.startShell()
      await remount(shell, [share('work', 'work')])
      const loop = 'while sleep .01; do cat data.csv > /dev/null && echo changed >> data.csv; done'
      await shell.print(inShared(`cd work && (setsid nohup bash -c '${loop}' > /dev/null 2>&1 &)`))
      await expect.poll(() => readFile(join(owner.home, 'work', 'data.csv'), 'utf8')).toContain('changed')
      await remount(shell, [])
      await expect.poll(() => shell.succeeds('pgrep -f data.cs[v]')).toBe(false)
    })

    test.each(['writer', 'map', 'socket'])(
      'made read-only, who could write goes (%s); who reads stays',
      async (kind) => {
        const shell = await bed.startShell()
        await remount(shell, [share('work', 'work')])
        const holder = await begin(shell, 'holder', holders[kind] ?? '')
        const others = await Promise.all(
          ['reader', 'folder', 'path'].map((one) => begin(shell, one, holders[one] ?? '')),
        )
        await remount(shell, [share('work', 'work', true)])
        await expect.poll(holder).toBe(false)
        for (const isAlive of others) expect(await isAlive()).toBe(true)
        expect(await shell.succeeds(inShared('touch work/x'))).toBe(false)
        await remount(shell, [share('work', 'work')])
        for (const isAlive of others) expect(await isAlive()).toBe(true)
        expect(await shell.succeeds(inShared('touch work/x'))).toBe(true)
      },
    )

    test('a server that does not let go of it is ended', async () => {
      const shell = await bed.startShell()
      await remount(shell, [share('work', 'work')])
      // A socket keeps the folder that it was made in, and no list says so.
      await begin(
        shell,
        'bound',
        `${folder}; import socket; s = socket.socket(socket.AF_UNIX); os.chdir(work); s.bind('s'); os.chdir(os.path.expanduser('~'))`,
      )
      await remount(shell, [])
      expect(await bed.spawner.probe(shell.handle)).toEqual({ state: 'exited', reason: { kind: 'share-held' } })
      expect(warnings()).toContainEqual(expect.stringContaining('does not let go'))
    })
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
      'half a character \ud800',
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

test('names that are no UTF-8 are what they are on the disk', async () => {
  const bytes = Buffer.concat([Buffer.from(`${owner.home}/`), Buffer.from([0xfc, 0x62])])
  await rename(join(owner.home, 'work'), bytes)
  const mounts = [share('‛FCb', '‛FCb'), share('‛FCb/data.csv', 'data‛E9.csv')]
  const shell = await bed.startShell({ mounts })
  expect(await shell.print(inShared('ls -bR | cat'))).toMatch(
    /^\.:\ndata\\351\.csv\n\\374b\n\n\.\/\\374b:\ndata\.csv\n/,
  )
  expect(await shell.print(inShared('cat data*'))).toBe('a,b\n')
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
