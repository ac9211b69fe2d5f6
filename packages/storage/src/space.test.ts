import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmod,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  ann,
  copyOut,
  countOpenFiles,
  createCountedSignal,
  createGround,
  isRoot,
  pieces,
  readAll,
  readFileOf,
  readText,
} from './space.fixture.ts'

describe('names', () => {
  test.each([
    ['..', 'bad-request'],
    ['a/../b', 'bad-request'],
    ['./a', 'bad-request'],
    ['/etc/passwd', 'bad-request'],
    ['a//b', 'bad-request'],
    ['a/', 'bad-request'],
    ['a\0b', 'bad-request'],
    ['\ud800', 'bad-request'],
    ['x'.repeat(300), 'bad-request'],
    ['ü'.repeat(128), 'bad-request'],
    ['nothing', 'not-found'],
    ['nothing/below', 'not-found'],
  ])('%j is refused', async (path, code) => {
    const { space } = await createGround()
    await expect(space.stat(path)).rejects.toMatchObject({ code })
    await expect(space.open(path)).rejects.toMatchObject({ code })
    await expect(space.remove(path)).rejects.toMatchObject({ code })
    await expect(space.move(path, 'new')).rejects.toMatchObject({ code })
  })

  test('a name that is too long says how long it is and what to do', async () => {
    const { space } = await createGround()
    await expect(space.write('x'.repeat(300), pieces('x'))).rejects.toMatchObject({
      code: 'bad-request',
      message: expect.stringMatching(/300 bytes/),
      mend: expect.stringMatching(/255/),
    })
  })

  test.each(['ü'.repeat(127), 'cafe\u0301', 'caf\u00e9', ' ', 'a\nb', '%2e%2e', '~', 'a\\b', '…'])(
    '%j is kept byte for byte',
    async (name) => {
      const { space, home } = await createGround()
      await space.write(name, pieces('x'))
      expect((await readdir(home)).toSorted()).toEqual([name])
      expect((await space.list('', { hidden: true })).map((entry) => entry.name)).toEqual([name])
      await space.move(name, 'other')
      await space.move('other', name)
      await space.remove(name)
      expect((await readdir(home)).toSorted()).toEqual([])
    },
  )

  test('NFC and NFD are two files', async () => {
    const { space } = await createGround()
    await space.write('caf\u00e9', pieces('composed'))
    await space.write('cafe\u0301', pieces('decomposed'))
    expect(await readText(space, 'caf\u00e9')).toBe('composed')
    expect(await readText(space, 'cafe\u0301')).toBe('decomposed')
  })
})

describe('list', () => {
  test('folders first, numbers in order, dot files only when asked for', async () => {
    const { space, home } = await createGround()
    for (const name of ['run-10', 'run-9', 'Beta', 'alpha', '.hidden']) await writeFile(join(home, name), 'x')
    for (const name of ['z', '.config', 'Shared with me']) await mkdir(join(home, name))
    expect((await space.list('')).map((entry) => entry.name)).toEqual(['z', 'alpha', 'Beta', 'run-9', 'run-10'])
    const all = (await space.list('', { hidden: true })).map((entry) => entry.name)
    expect(all).toEqual(['.config', 'z', '.hidden', 'alpha', 'Beta', 'run-9', 'run-10'])
  })

  test('shows links as what they lead to and leaves out what cannot be opened', async () => {
    const { space, home, folder } = await createGround()
    await mkdir(join(home, 'data'))
    await writeFile(join(home, 'data/real.txt'), 'four')
    await writeFile(join(folder, 'secret'), 'x')
    await symlink('data', join(home, 'to-folder'))
    await symlink('/home/ann/data/real.txt', join(home, 'to-file'))
    await symlink('nowhere', join(home, 'dangling'))
    await symlink('../secret', join(home, 'out'))
    await symlink('/etc', join(home, 'etc'))
    await symlink('round', join(home, 'round'))
    execFileSync('mkfifo', [join(home, 'fifo')])
    expect((await space.list('')).map(({ name, kind, size }) => [name, kind, size])).toEqual([
      ['data', 'folder', 0],
      ['to-folder', 'folder', 0],
      ['to-file', 'file', 4],
    ])
    expect((await space.list('to-folder')).map((entry) => entry.path)).toEqual(['to-folder/real.txt'])
  })

  test('does away with what a killed writer left, not with what one is writing', async () => {
    const { space, home } = await createGround()
    const [old, fresh] = [`.cygnet-${'0'.repeat(24)}.part`, `.cygnet-${'1'.repeat(24)}.part`]
    for (const name of [old, fresh, '.cygnet-notes.part']) await writeFile(join(home, name), 'x')
    for (const name of [old, '.cygnet-notes.part']) await utimes(join(home, name), 1_000_000_000, 1_000_000_000)
    expect((await space.list('', { hidden: true })).map((entry) => entry.name)).toEqual(['.cygnet-notes.part'])
    expect((await readdir(home)).toSorted()).toEqual([fresh, '.cygnet-notes.part'])
  })

  test('a file is no folder', async () => {
    const { space } = await createGround()
    await space.write('file', pieces('x'))
    await expect(space.list('file')).rejects.toMatchObject({ code: 'not-found' })
    await expect(space.stat('file/below')).rejects.toMatchObject({ code: 'not-found' })
  })
})

describe('links', () => {
  test('inside the tree they work, relative, absolute and through each other', async () => {
    const { space, home } = await createGround()
    await mkdir(join(home, 'a/b/c'), { recursive: true })
    await writeFile(join(home, 'a/b/c/file'), 'here')
    await symlink('a/b', join(home, 'ab'))
    await symlink('../../ab/c', join(home, 'a/b/again'))
    await symlink('/home/ann/ab/again/file', join(home, 'absolute'))
    await symlink('/home/ann', join(home, 'a/home'))
    await symlink('.//./ab/../b/c/', join(home, 'dots'))
    for (const path of ['ab/c/file', 'ab/again/file', 'absolute', 'a/home/a/b/c/file', 'dots/file'])
      expect(await readText(space, path), path).toBe('here')
    expect(await space.resolve('a/home/ab/again/file')).toBe('a/b/c/file')
    expect(await space.resolve('a/home')).toBe('')
  })

  test.each(['/etc/passwd', '../outside', '/home/ann2/x', '/home', '/', '..', 'sub/../../outside', '/home/ann/../bob'])(
    'to %s is refused',
    async (target) => {
      const { space, home, folder } = await createGround()
      await writeFile(join(folder, 'outside'), 'secret')
      await mkdir(join(home, 'sub'))
      await symlink(target, join(home, 'link'))
      for (const path of ['link', 'link/x', 'link/passwd']) {
        await expect(space.stat(path), path).rejects.toMatchObject({ code: 'forbidden' })
        await expect(space.open(path), path).rejects.toMatchObject({ code: 'forbidden' })
        await expect(space.write(path, pieces('x'), { overwrite: true }), path).rejects.toMatchObject({
          code: 'forbidden',
        })
      }
      await expect(space.list('link')).rejects.toMatchObject({ code: 'forbidden' })
      await expect(space.createFolder('link/new')).rejects.toMatchObject({ code: 'forbidden' })
      await expect(space.archive('link')).rejects.toMatchObject({ code: 'forbidden' })
      await expect(space.move('link/x', 'y')).rejects.toMatchObject({ code: 'forbidden' })
      expect((await readdir(folder)).toSorted()).toEqual(['ann', 'outside'])
      expect(await readFile(join(folder, 'outside'), 'utf8')).toBe('secret')
    },
  )

  test('what lies outside makes no difference to the answer', async () => {
    const { space, home, folder } = await createGround()
    await writeFile(join(folder, 'there'), 'x')
    await symlink('../there', join(home, 'one'))
    await symlink('../not-there', join(home, 'two'))
    const answer = async (path: string): Promise<string> =>
      (await space.stat(path).then(String, String)).replace(path, '')
    expect(await answer('one')).toBe(await answer('two'))
  })

  test('in a circle and in endless chains end', async () => {
    const { space, home } = await createGround()
    await symlink('two', join(home, 'one'))
    await symlink('one', join(home, 'two'))
    await symlink('self/self', join(home, 'self'))
    const deep = Array.from({ length: 800 }, () => 'd').join('/')
    await mkdir(join(home, deep), { recursive: true })
    await symlink(`${deep}/${'../d/'.repeat(400)}`, join(home, 'tangle'))
    for (const path of ['one', 'self', 'tangle/x'])
      await expect(space.stat(path)).rejects.toMatchObject({ code: 'forbidden' })
  })

  test('that cost too much to follow are shown as links, and the listing stands', async () => {
    const { home, open } = await createGround()
    await createTangle(home, 1000)
    const { signal, count } = createCountedSignal()
    const entries = await open({ signal }).list('t')
    expect(entries.find((entry) => entry.name === 'd')).toMatchObject({ kind: 'folder' })
    expect(entries.filter((entry) => entry.name.startsWith('x')).length).toBeGreaterThan(700)
    expect(entries.at(-1)).toMatchObject({ name: 'x999', kind: 'file', size: 0 })
    expect(count()).toBeLessThan(60_000)
    const zip = await readAll(await open().archive('t'))
    expect(zip.includes('t/d/')).toBe(true)
  })

  test('are followed by the thousand where they lead nearby', async () => {
    const { space, home } = await createGround()
    await mkdir(join(home, 'a/b/c/links'), { recursive: true })
    await writeFile(join(home, 'a/b/c/file'), 'four')
    for (let index = 0; index < 5000; index++) await symlink('../file', join(home, `a/b/c/links/${index}`))
    const entries = await space.list('a/b/c/links')
    expect(entries.filter((entry) => entry.size === 4)).toHaveLength(5000)
  })

  test('deleting and moving act on the link, writing on what it leads to', async () => {
    const { space, home } = await createGround()
    await writeFile(join(home, 'target'), 'old')
    await symlink('target', join(home, 'link'))
    await symlink('/etc/passwd', join(home, 'out'))
    await space.write('link', pieces('new'), { overwrite: true })
    expect(await readFile(join(home, 'target'), 'utf8')).toBe('new')
    expect((await lstat(join(home, 'link'))).isSymbolicLink()).toBe(true)
    await space.move('link', 'moved')
    await space.move('out', 'out2')
    expect(await readlink(join(home, 'moved'))).toBe('target')
    await space.remove('moved')
    await space.remove('out2')
    expect((await readdir(home)).toSorted()).toEqual(['target'])
    expect((await stat('/etc/passwd')).isFile()).toBe(true)
  })
})

describe('special files', () => {
  test('a FIFO, a socket and a device are refused without waiting', async () => {
    const { space, home } = await createGround()
    execFileSync('mkfifo', [join(home, 'fifo')])
    const server = createServer().listen(join(home, 'socket'))
    onTestFinished(() => void server.close())
    const names = ['fifo', 'socket']
    if (isRoot) {
      execFileSync('mknod', [join(home, 'device'), 'c', '1', '5'])
      names.push('device')
    }
    for (const name of names) {
      await expect(space.stat(name)).rejects.toMatchObject({ code: 'forbidden' })
      await expect(space.open(name)).rejects.toMatchObject({ code: 'forbidden' })
      await expect(space.write(name, pieces('x'), { overwrite: true })).rejects.toMatchObject({ code: 'forbidden' })
    }
    const zip = await readAll(await space.archive(''))
    expect(zip.includes('fifo')).toBe(false)
    await space.move('fifo', 'other')
    await space.remove('other')
  })
})

describe('read', () => {
  test('gives the bytes of the file that was opened, whatever takes its place', async () => {
    const { space, home } = await createGround()
    const content = randomBytes(3_000_000)
    await space.write('big', pieces(content))
    const file = await space.open('big')
    await rename(join(home, 'big'), join(home, 'away'))
    await symlink('/etc/passwd', join(home, 'big'))
    expect((await copyOut(file)).equals(content)).toBe(true)
    await file.close()
    expect((await readFileOf(space, 'away', 5, 1_000_000)).equals(content.subarray(5, 1_000_000))).toBe(true)
  })

  test('stops where nobody takes it any more', async () => {
    const { space } = await createGround()
    await space.write('big', pieces(randomBytes(4_000_000)))
    const before = await countOpenFiles()
    const file = await space.open('big')
    const stuck = new Writable({ write: () => undefined })
    const copying = file.copyTo(stuck)
    stuck.destroy()
    await expect(copying).rejects.toThrow(/closed/)
    await expect(file.copyTo(stuck)).rejects.toThrow(/closed|destroyed/)
    await file.close()
    expect(await countOpenFiles()).toBe(before)
  })

  test('fails where the file becomes shorter', async () => {
    const { space, home } = await createGround()
    await space.write('big', pieces(randomBytes(4_000_000)))
    const file = await space.open('big')
    await writeFile(join(home, 'big'), 'short')
    await expect(copyOut(file)).rejects.toThrow(/shorter/)
    await file.close()
  })

  test('the etag changes with the content and stays through a rename', async () => {
    const { space, home } = await createGround()
    const first = await space.write('file', pieces('one'))
    expect((await space.stat('file')).etag).toBe(first.etag)
    expect((await space.list(''))[0]?.etag).toBe(first.etag)
    expect((await space.move('file', 'renamed')).etag).toBe(first.etag)
    expect((await space.write('renamed', pieces('two'), { overwrite: true })).etag).not.toBe(first.etag)
    const before = (await space.stat('renamed')).etag
    await writeFile(join(home, 'renamed'), 'ten')
    await utimes(join(home, 'renamed'), 1, 1)
    expect((await space.stat('renamed')).etag).not.toBe(before)
  })
})

describe('write', () => {
  test('refuses an existing file unless told to replace it', async () => {
    const { space } = await createGround()
    await space.write('file', pieces('old'))
    await expect(space.write('file', pieces('new'))).rejects.toMatchObject({ code: 'conflict' })
    expect(await readText(space, 'file')).toBe('old')
    await space.write('file', pieces('n', 'e', 'w'), { overwrite: true })
    expect(await readText(space, 'file')).toBe('new')
  })

  test('does not begin to read what it will refuse', async () => {
    const { space } = await createGround()
    await space.write('file', pieces('old'))
    await space.createFolder('folder')
    let read = false
    async function* never(): AsyncGenerator<Uint8Array> {
      read = true
      yield Buffer.from('x')
    }
    await expect(space.write('file', never())).rejects.toMatchObject({ code: 'conflict' })
    await expect(space.write('folder', never(), { overwrite: true })).rejects.toMatchObject({ code: 'conflict' })
    await expect(space.write('no/where', never())).rejects.toMatchObject({ code: 'not-found' })
    await expect(space.write('big', never(), { length: 1e18 })).rejects.toMatchObject({ code: 'insufficient-storage' })
    await expect(space.write('file', never(), { ifMatch: ['"x"'] })).rejects.toMatchObject({
      code: 'precondition-failed',
    })
    expect(read).toBe(false)
  })

  test('a cut upload leaves the old content and nothing else', async () => {
    const { space, home } = await createGround()
    await space.write('file', pieces('old'))
    await expect(space.write('file', cut(), { overwrite: true })).rejects.toThrow('cut')
    await expect(space.write('new', cut())).rejects.toThrow('cut')
    expect((await readdir(home)).toSorted()).toEqual(['file'])
    expect(await readText(space, 'file')).toBe('old')
  })

  test.each([4, 6])('a length of %i for five bytes is refused', async (length) => {
    const { space, home } = await createGround()
    await expect(space.write('file', pieces('12', '345'), { length })).rejects.toMatchObject({ code: 'bad-request' })
    expect((await readdir(home)).toSorted()).toEqual([])
  })

  test('of two writers of a new name one wins, and If-Match lets one of two through', async () => {
    const { space } = await createGround()
    const creates = await Promise.allSettled([1, 2, 3, 4].map((n) => space.write('new', pieces(String(n)))))
    expect(creates.filter((one) => one.status === 'fulfilled')).toHaveLength(1)
    const { etag } = await space.stat('new')
    const updates = await Promise.allSettled(
      [1, 2, 3, 4].map((n) => space.write('new', pieces(`again ${n}`), { overwrite: true, ifMatch: [etag] })),
    )
    expect(updates.filter((one) => one.status === 'fulfilled')).toHaveLength(1)
  })

  test('readers see the old or the new content, never a part', async () => {
    const { space } = await createGround()
    const [a, b] = ['a', 'b'].map((letter) => letter.repeat(200_000))
    await space.write('file', pieces(a ?? ''))
    const state = { done: false }
    const writing = (async () => {
      for (let round = 0; round < 20; round++) {
        await space.write('file', pieces((round % 2 ? a : b) ?? ''), { overwrite: true })
      }
      state.done = true
    })()
    while (!state.done) expect([a, b]).toContain(await readText(space, 'file'))
    await writing
  })

  test('keeps the permissions of a file but not what makes it run as another', async () => {
    const { space, home } = await createGround()
    await space.write('script', pieces('old'))
    await chmod(join(home, 'script'), 0o6755)
    await space.write('script', pieces('new'), { overwrite: true })
    expect((await stat(join(home, 'script'))).mode & 0o7777).toBe(0o755)
  })

  test.runIf(isRoot)('files and folders are their owner’s', async () => {
    const { space, home } = await createGround()
    await space.createFolder('a/b')
    await space.write('a/b/file', pieces('x'))
    await space.write('a/b/file', pieces('y'), { overwrite: true })
    for (const [path, mode] of [
      ['a', 0o755],
      ['a/b', 0o755],
      ['a/b/file', 0o644],
    ] as const) {
      const stats = await stat(join(home, path))
      expect([stats.uid, stats.gid, stats.mode & 0o777]).toEqual([ann?.uid, ann?.gid, mode])
    }
  })
})

describe('a signal', () => {
  test('ends what is under way, and nothing stays open', async () => {
    const { home, open } = await createGround()
    await createTangle(home, 100)
    await mkdir(join(home, 'full/a/b/c'), { recursive: true })
    for (let index = 0; index < 100; index++) await writeFile(join(home, `full/${index}`), 'x')
    const before = await countOpenFiles()
    const left = (looks: number) => open({ signal: createCountedSignal(looks).signal })
    const error = 'The client left.'
    await expect(left(0).stat('full')).rejects.toThrow(error)
    await expect(left(100).stat('t/l11')).rejects.toThrow(error)
    for (const looks of [0, 5, 50, 150]) await expect(left(looks).list('t'), `${looks}`).rejects.toThrow(error)
    await expect(left(50).list('full')).rejects.toThrow(error)
    await expect(left(3).createFolder('one/two/three/four')).rejects.toThrow(error)
    await expect(left(50).remove('full')).rejects.toThrow(error)
    expect((await readdir(join(home, 'full'))).length).toBeGreaterThan(20)
    for (const folder of ['full', 't']) {
      const archive = await left(40).archive(folder)
      await expect(readAll(archive), folder).rejects.toThrow(error)
    }
    await expect.poll(countOpenFiles).toBe(before)
  })

  test('that ends the making of folders still tells of those that were made', async () => {
    const told: string[] = []
    const { home, open } = await createGround()
    const listener = {
      changed: async (path: string) => void told.push(path),
      moved: async () => undefined,
      succeed: (_before: string, _after: string, work: () => Promise<boolean>) => work(),
    }
    const space = open({ signal: createCountedSignal(3).signal, listener })
    await expect(space.createFolder('one/two/three/four')).rejects.toThrow('The client left.')
    expect(told).toEqual(['one'])
    expect(await readdir(home)).toEqual(['one'])
  })
})

describe('folders', () => {
  test('are made with those above, once', async () => {
    const { space } = await createGround()
    expect(await space.createFolder('a/b/c')).toMatchObject({ path: 'a/b/c', name: 'c', kind: 'folder' })
    await expect(space.createFolder('a/b')).rejects.toMatchObject({ code: 'conflict' })
    await space.write('a/file', pieces('x'))
    await expect(space.createFolder('a/file/x')).rejects.toMatchObject({ code: 'conflict' })
    await expect(space.createFolder('')).rejects.toMatchObject({ code: 'conflict' })
  })

  test('are made through links, also one to what is not there yet', async () => {
    const { space, home } = await createGround()
    await mkdir(join(home, 'real'))
    await symlink('real', join(home, 'link'))
    await symlink('real/later', join(home, 'early'))
    await symlink('no/where', join(home, 'lost'))
    await writeFile(join(home, 'file'), 'x')
    await symlink('file', join(home, 'to-file'))
    await space.createFolder('link/a/b')
    await space.createFolder('early/c')
    expect((await readdir(join(home, 'real'), { recursive: true })).toSorted()).toEqual([
      'a',
      'a/b',
      'later',
      'later/c',
    ])
    await expect(space.createFolder('lost/x')).rejects.toMatchObject({ code: 'not-found' })
    await expect(space.createFolder('to-file/x/y')).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('“to-file”'),
    })
  })

  test('are made as deep as anybody needs, each once, and no deeper', async () => {
    const { home, space, open } = await createGround()
    const { signal, count } = createCountedSignal()
    await open({ signal }).createFolder(Array.from({ length: 128 }, () => 'a').join('/'))
    expect(count()).toBeLessThan(300)
    const deeper = `b${'/b'.repeat(128)}`
    const refusal = { code: 'bad-request', mend: expect.stringMatching(/128/) }
    await expect(space.createFolder(deeper)).rejects.toMatchObject(refusal)
    expect(await readdir(home)).toEqual(['a'])
    const deepest = Array.from({ length: 128 }, () => 'a').join('/')
    await expect(space.write(`${deepest}/file`, pieces('x'))).rejects.toMatchObject(refusal)
    await space.write('file', pieces('x'))
    await expect(space.move('file', `${deepest}/file`)).rejects.toMatchObject(refusal)
  })

  test('cannot be moved into themselves, over others, or as the root', async () => {
    const { space } = await createGround()
    await space.createFolder('a/b')
    await space.createFolder('c')
    await space.write('file', pieces('x'))
    await expect(space.move('a', 'a/b/a')).rejects.toMatchObject({ code: 'bad-request' })
    await expect(space.move('a', 'c')).rejects.toMatchObject({ code: 'conflict' })
    await expect(space.move('a', 'file')).rejects.toMatchObject({ code: 'conflict' })
    await expect(space.move('file', 'c')).rejects.toMatchObject({ code: 'conflict' })
    await expect(space.move('file', 'file')).rejects.toMatchObject({ code: 'conflict' })
    await expect(space.move('', 'x')).rejects.toMatchObject({ code: 'bad-request' })
    await expect(space.remove('')).rejects.toMatchObject({ code: 'bad-request' })
    await expect(space.move('file', 'no/where')).rejects.toMatchObject({ code: 'not-found' })
    expect(await space.move('a', 'c/a')).toMatchObject({ path: 'c/a', kind: 'folder' })
    await space.move('file', 'File')
    expect((await space.list('')).map((entry) => entry.name)).toEqual(['c', 'File'])
  })

  test('of many that are moved to one name at once one arrives and none is lost', async () => {
    const { space, home } = await createGround()
    for (let index = 0; index < 20; index++) await space.write(`file-${index}`, pieces(`${index}`))
    const moves = Array.from({ length: 20 }, (_, index) => space.move(`file-${index}`, 'target'))
    const outcomes = await Promise.allSettled(moves)
    expect(outcomes.filter((one) => one.status === 'fulfilled')).toHaveLength(1)
    expect(await readdir(home)).toHaveLength(20)
  })

  test('a file with two names can be renamed to neither', async () => {
    const { space, home } = await createGround()
    await space.write('one', pieces('x'))
    await link(join(home, 'one'), join(home, 'two'))
    await expect(space.move('one', 'two')).rejects.toMatchObject({ code: 'conflict' })
    expect((await readdir(home)).toSorted()).toEqual(['one', 'two'])
  })

  test('are deleted with everything in them and nothing that links lead to', async () => {
    const { space, home, folder } = await createGround()
    await mkdir(join(folder, 'beside'))
    await writeFile(join(folder, 'beside/file'), 'x')
    await mkdir(join(home, 'a/b/c'), { recursive: true })
    await symlink(join(folder, 'beside'), join(home, 'a/b/out'))
    await symlink('..', join(home, 'a/b/c/up'))
    await writeFile(Buffer.concat([Buffer.from(`${home}/a/`), Buffer.from([0xff, 0xfe])]), 'no utf-8')
    // Root may empty what is write-protected, others may not.
    if (isRoot) await chmod(join(home, 'a/b'), 0o500)
    await space.remove('a')
    expect((await readdir(home)).toSorted()).toEqual([])
    expect((await readdir(join(folder, 'beside'))).toSorted()).toEqual(['file'])
  })

  test('however deep they are', async () => {
    const { space, home } = await createGround()
    const script = `import os\nos.chdir(${JSON.stringify(home)})\nfor _ in range(3000):\n os.mkdir('d'*200); open('file','w').close(); os.chdir('d'*200)`
    execFileSync('python3', ['-c', script])
    const before = await countOpenFiles()
    await space.remove('d'.repeat(200))
    expect((await readdir(home)).filter((name) => name !== 'file')).toEqual([])
    expect(await countOpenFiles()).toBe(before)
  })

  test('what others share is neither seen nor changed among one’s own', async () => {
    const { space, home } = await createGround()
    await mkdir(join(home, 'Shared with me/data'), { recursive: true })
    await symlink('Shared with me', join(home, 'link'))
    await expect(space.remove('Shared with me')).rejects.toMatchObject({ code: 'forbidden' })
    await expect(space.remove('Shared with me/data')).rejects.toMatchObject({ code: 'forbidden' })
    await expect(space.remove('link/data')).rejects.toMatchObject({ code: 'forbidden' })
    await expect(space.write('Shared with me/data/x', pieces('x'))).rejects.toMatchObject({ code: 'forbidden' })
    await expect(space.createFolder('Shared with me/new')).rejects.toMatchObject({ code: 'forbidden' })
    await expect(space.move('Shared with me', 'mine')).rejects.toMatchObject({ code: 'forbidden' })
  })
})

describe('a tree within a tree', () => {
  test('shows a folder and nothing beside it', async () => {
    const { home, open } = await createGround()
    await mkdir(join(home, 'shared/sub'), { recursive: true })
    await writeFile(join(home, 'secret'), 'x')
    await writeFile(join(home, 'shared/file'), 'y')
    await symlink('../secret', join(home, 'shared/relative'))
    await symlink('/home/ann/secret', join(home, 'shared/absolute'))
    await symlink('/home/ann/shared/file', join(home, 'shared/inside'))
    const shared = open({ base: 'shared', title: 'shared' })
    expect((await shared.list('')).map((entry) => entry.name)).toEqual(['sub', 'file', 'inside'])
    expect(await readText(shared, 'inside')).toBe('y')
    expect(await shared.stat('')).toMatchObject({ name: 'shared', path: '', kind: 'folder' })
    for (const path of ['relative', 'absolute'])
      await expect(shared.stat(path)).rejects.toMatchObject({ code: 'forbidden' })
    const zip = await readAll(await shared.archive(''))
    expect(zip.includes('secret')).toBe(false)
  })

  test('may be a single file, which can be replaced', async () => {
    const { home, open } = await createGround()
    await writeFile(join(home, 'plot.png'), 'old')
    await writeFile(join(home, 'secret'), 'x')
    const shared = open({ base: 'plot.png', title: 'plot.png' })
    expect(await shared.stat('')).toMatchObject({ name: 'plot.png', path: '', kind: 'file', mediaType: 'image/png' })
    await expect(shared.stat('secret')).rejects.toMatchObject({ code: 'not-found' })
    await expect(shared.stat('plot.png')).rejects.toMatchObject({ code: 'not-found' })
    await shared.write('', pieces('new'), { overwrite: true })
    expect(await readText(shared, '')).toBe('new')
    await expect(shared.remove('')).rejects.toMatchObject({ code: 'bad-request' })
    expect((await readdir(home)).toSorted()).toEqual(['plot.png', 'secret'])
  })

  test('is gone where its way has become a link', async () => {
    const { home, open } = await createGround()
    await mkdir(join(home, 'a/shared'), { recursive: true })
    await mkdir(join(home, 'private/shared'), { recursive: true })
    const shared = open({ base: 'a/shared' })
    await rename(join(home, 'a'), join(home, 'b'))
    await symlink('private', join(home, 'a'))
    await expect(shared.list('')).rejects.toMatchObject({ code: 'not-found' })
    await expect(open({ base: 'b/shared' }).list('')).resolves.toEqual([])
  })

  test('can be only read', async () => {
    const { home, open } = await createGround()
    await mkdir(join(home, 'shared'))
    await writeFile(join(home, 'shared/file'), 'y')
    const shared = open({ base: 'shared', readOnly: true })
    expect(await readText(shared, 'file')).toBe('y')
    const changes = [
      shared.write('file', pieces('x'), { overwrite: true }),
      shared.write('new', pieces('x')),
      shared.createFolder('x'),
      shared.move('file', 'other'),
      shared.remove('file'),
    ]
    for (const change of changes) await expect(change).rejects.toMatchObject({ code: 'forbidden' })
    expect((await readdir(join(home, 'shared'))).toSorted()).toEqual(['file'])
  })
})

async function* cut(): AsyncGenerator<Uint8Array> {
  yield randomBytes(3_000_000)
  throw new Error('cut')
}

/** `t` with links `x0`, `x1`, … each of which leads through a folder thousands of times. */
async function createTangle(home: string, links: number): Promise<void> {
  await mkdir(join(home, 't/d'), { recursive: true })
  let target = 'd'
  for (let index = 0; index < 12; index++) {
    await symlink('d/../'.repeat(700) + target, join(home, `t/l${index}`))
    target = `l${index}`
  }
  for (let index = 0; index < links; index++) await symlink('l11', join(home, `t/x${index}`))
}
