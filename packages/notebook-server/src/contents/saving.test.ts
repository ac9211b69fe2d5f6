import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, link, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { basePath, secret, startTestServer, toCodeCell, toNotebook, type TestServer } from '../testing/test-server.ts'
import type { ContentsModel } from './model.ts'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer()
})

afterAll(() => server[Symbol.asyncDispose]())

function save(path: string, content: string, format = 'text') {
  return server.ask('PUT', `api/contents/${path}`, { type: 'file', format, content })
}

test('keeps the mode, and other names of the file', async () => {
  const script = join(server.home, 'run.sh')
  await writeFile(script, 'old')
  await chmod(script, 0o750)
  await link(script, join(server.home, 'other-name.sh'))

  const saved = await save('run.sh', 'a longer content')

  expect(saved.status).toBe(200)
  expect((await stat(script)).mode & 0o7777).toBe(0o750)
  expect(await readFile(join(server.home, 'other-name.sh'), 'utf8')).toBe('a longer content')
  await save('run.sh', 'short')
  expect(await readFile(join(server.home, 'other-name.sh'), 'utf8')).toBe('short')
})

test('replaces a file at once: who has it open keeps the old one', async () => {
  await save('atomic.txt', 'old')
  const before = await stat(join(server.home, 'atomic.txt'))
  await save('atomic.txt', 'new')
  expect((await stat(join(server.home, 'atomic.txt'))).ino).not.toBe(before.ino)
  expect(await readdir(server.home)).not.toContainEqual(expect.stringMatching(/^\.~cygnet/))
})

test('of concurrent saves one wins whole', async () => {
  const contents = Array.from({ length: 12 }, (_, index) => String(index).repeat(200_000))
  await save('contended.txt', 'first')
  await link(join(server.home, 'contended.txt'), join(server.home, 'contended-too.txt'))
  for (const path of ['raced.txt', 'contended.txt']) {
    const answers = await Promise.all(contents.map((content) => save(path, content)))
    expect(answers.every(({ status }) => status === 200 || status === 201)).toBe(true)
    const result = await readFile(join(server.home, path), 'utf8')
    expect(contents.includes(result)).toBe(true)
  }
})

test('keeps the old content where an upload is cut in the middle', async () => {
  for (const size of [100_000, 30_000_000]) {
    await save('cut.txt', 'old')
    const socket = server.connect()
    const body = JSON.stringify({ type: 'file', format: 'text', content: 'x'.repeat(size) })
    socket.write(
      `PUT ${basePath}api/contents/cut.txt HTTP/1.1\r\nHost: x\r\nAuthorization: token ${secret}\r\nContent-Length: ${body.length}\r\n\r\n`,
    )
    await new Promise((resolve) => socket.write(body.slice(0, size / 2), resolve))
    socket.destroy()
    await vi.waitFor(async () => expect(await temporaryFiles()).toEqual([]))
    expect(await server.get('cut.txt')).toMatchObject({ content: 'old' })
  }
})

test('saves what is larger than memory should hold', async () => {
  const bytes = Buffer.alloc(24 * 1024 * 1024, 'Ünïcode "quoted"\\\n\t')
  const hash = createHash('sha256').update(bytes).digest('hex')

  expect((await save('large.bin', bytes.toString('base64'), 'base64')).status).toBe(201)
  expect((await server.get('large.bin?content=0&hash=1')).hash).toBe(hash)
  // The format may come after the content, and the content may have escapes wherever the pieces are cut.
  const escaped = bytes
    .toString('utf8')
    .replaceAll('Ü', '\\u00dc')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replaceAll('\t', '\\t')
    .replaceAll(/\\(?!u00dc|["nt])/g, '\\\\')
  const answer = await server.ask(
    'PUT',
    'api/contents/large.txt',
    `{"content":"😀\\ud83d\\ude00${escaped}","nested":{"content":"no"},"format":"text","type":"file"}`,
  )
  expect(answer.status).toBe(201)
  expect(await readFile(join(server.home, 'large.txt'), 'utf8')).toBe(`😀😀${bytes.toString('utf8')}`)
  expect(await temporaryFiles()).toEqual([])
})

test('saves a large notebook', async () => {
  const cell = toCodeCell('draw()', [
    { output_type: 'stream', name: 'stdout', text: 'a line of text\n'.repeat(600_000) },
  ])
  const answer = await server.ask('PUT', 'api/contents/large.ipynb', { type: 'notebook', content: toNotebook(cell) })
  expect(answer.status).toBe(201)
  const { content } = await server.get('large.ipynb')
  expect(content).toMatchObject({ cells: [{ outputs: [{ text: 'a line of text\n'.repeat(600_000) }] }] })
})

test('refuses a body beyond the limit before it is read', async () => {
  await using small = await startTestServer({ bodyLimit: 1000 })
  const answer = await small.ask('PUT', 'api/contents/x', { type: 'file', format: 'text', content: 'x'.repeat(2000) })
  expect(answer.status).toBe(413)
  expect(answer.json()).toMatchObject({ code: 'too-large', message: 'The body is larger than 1000 bytes.' })
})

test('takes an upload in pieces and shows it when it is whole', async () => {
  await save('pieces.bin', 'old')
  const piece = (chunk: number, text: string) =>
    server.ask('PUT', 'api/contents/pieces.bin', {
      type: 'file',
      format: 'base64',
      chunk,
      content: Buffer.from(text).toString('base64'),
    })

  expect((await piece(1, 'one ')).json()).toMatchObject({
    name: 'pieces.bin',
    path: 'pieces.bin',
    size: 4,
    type: 'file',
  })
  expect((await piece(2, 'two ')).json()).toMatchObject({ size: 8 })
  expect(await server.get('pieces.bin')).toMatchObject({ content: 'old' })
  expect((await piece(-1, 'three')).json()).toMatchObject({ size: 13 })
  expect(await server.get('pieces.bin')).toMatchObject({ content: 'one two three' })
  expect(await temporaryFiles()).toEqual([])
})

test('refuses a piece that does not follow, and leaves nothing behind', async () => {
  await save('broken.bin', 'old')
  const piece = (chunk: number) =>
    server.ask('PUT', 'api/contents/broken.bin', { type: 'file', format: 'text', chunk, content: 'new' })

  expect((await piece(-1)).status).toBe(409)
  expect((await piece(1)).status).toBe(200)
  const skipped = await piece(3)
  expect(skipped.status).toBe(409)
  expect(skipped.json()).toMatchObject({ mend: 'Upload the file again from its beginning.' })
  expect((await piece(0)).status).toBe(400)
  expect(await server.get('broken.bin')).toMatchObject({ content: 'old' })
})

test('throws unfinished uploads away at the end', async () => {
  const other = await startTestServer()
  await other.ask('PUT', 'api/contents/never.bin', { type: 'file', format: 'text', chunk: 1, content: 'x' })
  expect(await readdir(other.home)).toHaveLength(1)
  await other.server.close()
  expect(await readdir(other.home)).toEqual([])
  await other[Symbol.asyncDispose]()
})

/** A file system of its own; taken down again whatever happens. */
async function withMount(kind: string[], folder: string, run: () => Promise<void>): Promise<void> {
  await mkdir(folder, { recursive: true })
  try {
    execFileSync('mount', [...kind, folder], { stdio: 'pipe' })
  } catch (cause) {
    throw new Error('This test mounts a file system: run it as root with CAP_SYS_ADMIN.', { cause })
  }
  try {
    await run()
  } finally {
    execFileSync('umount', [folder])
  }
}

test('keeps the old content where the disk is full', async () => {
  const folder = join(server.home, 'small-disk')
  await withMount(['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs'], folder, async () => {
    const old = 'x'.repeat(400_000)
    expect((await save('small-disk/file.txt', old)).status).toBe(201)
    await link(join(folder, 'file.txt'), join(folder, 'second-name.txt'))
    const notebook = toNotebook(toCodeCell('small'))
    await server.ask('PUT', 'api/contents/small-disk/n.ipynb', { type: 'notebook', content: notebook })
    const large = 'y'.repeat(900_000)
    const requests: Array<[string, string, unknown]> = [
      ['PUT', 'file.txt', { type: 'file', format: 'text', content: large }],
      ['PUT', 'file.txt', { type: 'file', format: 'text', content: 'z'.repeat(20_000_000) }],
      ['PUT', 'file.txt', { type: 'file', format: 'text', chunk: 1, content: large }],
      ['PUT', 'n.ipynb', { type: 'notebook', content: toNotebook(toCodeCell(large)) }],
      ['PUT', 'new.txt', { type: 'file', format: 'text', content: large }],
    ]
    for (const [method, path, body] of requests) {
      const answer = await server.ask(method, `api/contents/small-disk/${path}`, body)
      expect({ path, status: answer.status }).toEqual({ path, status: 507 })
      expect(answer.json()).toMatchObject({
        message: expect.stringContaining('The disk is full'),
        code: 'insufficient-storage',
      })
    }
    await save('small-disk/filler', 'f'.repeat(300_000))
    expect((await server.ask('POST', 'api/contents/small-disk', { copy_from: 'small-disk/file.txt' })).status).toBe(507)
    expect((await server.ask('POST', 'api/contents/small-disk/file.txt/checkpoints')).status).toBe(507)

    expect(await readFile(join(folder, 'file.txt'), 'utf8')).toBe(old)
    expect(await server.get('small-disk/n.ipynb')).toMatchObject({ content: { cells: [{ source: 'small' }] } })
    const names = await readdir(folder)
    expect(names.toSorted()).toEqual(['.ipynb_checkpoints', 'file.txt', 'filler', 'n.ipynb', 'second-name.txt'])
  })
})

test('saves a file that is a mount point, and does not delete what is mounted', async () => {
  const shared = join(server.folder, 'shared')
  await mkdir(shared)
  await writeFile(join(shared, 'theirs.txt'), 'theirs')
  await mkdir(join(server.home, 'Shared with me/bob'), { recursive: true })
  const single = join(server.home, 'single.txt')
  await writeFile(single, '')
  execFileSync('mount', ['--bind', join(shared, 'theirs.txt'), single])
  try {
    await withMount(['--bind', shared], join(server.home, 'Shared with me/bob'), async () => {
      expect((await save('single.txt', 'a longer text than before')).status).toBe(200)
      expect((await save('single.txt', 'changed')).status).toBe(200)
      expect(await readFile(join(shared, 'theirs.txt'), 'utf8')).toBe('changed')

      for (const path of ['Shared with me', 'Shared with me/bob', 'single.txt']) {
        const refused = await server.ask('DELETE', `api/contents/${encodeURI(path)}`)
        expect({ path, status: refused.status }).toEqual({ path, status: 403 })
        expect(refused.json()['message']).toContain('shared with you')
      }
      expect((await server.ask('PATCH', 'api/contents/single.txt', { path: 'moved.txt' })).status).toBe(403)
      expect(await readdir(shared)).toEqual(['theirs.txt'])
      // Across the border of a file system a move is a copy.
      await save('mine.txt', 'mine')
      expect((await server.ask('PATCH', 'api/contents/mine.txt', { path: 'Shared with me/bob/mine.txt' })).status).toBe(
        200,
      )
      expect(await readFile(join(shared, 'mine.txt'), 'utf8')).toBe('mine')
      await expect(stat(join(server.home, 'mine.txt'))).rejects.toThrow('ENOENT')
    })
  } finally {
    execFileSync('umount', [single])
  }
})

test('saves into a file whose folder is read-only, and says where it cannot', async () => {
  const folder = join(server.home, 'read-only')
  const inner = join(server.folder, 'inner')
  await mkdir(inner)
  await writeFile(join(inner, 'file.txt'), 'old')
  await writeFile(join(inner, 'fixed.txt'), 'old')
  await withMount(['--bind', inner], folder, async () => {
    const open = join(server.folder, 'open.txt')
    await writeFile(open, 'old')
    execFileSync('mount', ['-o', 'remount,ro,bind', folder])
    execFileSync('mount', ['--bind', open, join(folder, 'file.txt')])
    try {
      expect((await save('read-only/file.txt', 'new')).status).toBe(200)
      expect(await readFile(open, 'utf8')).toBe('new')
      const checkpoint = await server.ask('POST', 'api/contents/read-only/file.txt/checkpoints')
      expect(checkpoint.status).toBe(201)
      await save('read-only/file.txt', 'newer')
      await server.ask('POST', 'api/contents/read-only/file.txt/checkpoints/checkpoint')
      expect(await readFile(open, 'utf8')).toBe('new')
    } finally {
      execFileSync('umount', [join(folder, 'file.txt')])
    }
    for (const [path, message] of [
      ['fixed.txt', 'may not be changed'],
      ['fresh.txt', 'read-only'],
    ] as const) {
      const answer = await save(`read-only/${path}`, 'new')
      expect({ path, status: answer.status }).toEqual({ path, status: 403 })
      expect(answer.json()['message']).toContain(message)
    }
    expect(await server.get('read-only/fixed.txt')).toMatchObject({
      content: 'old',
      writable: false,
    } satisfies Partial<ContentsModel>)
    expect((await server.ask('DELETE', 'api/contents/read-only/fixed.txt')).status).toBe(403)
  })
})

async function temporaryFiles(): Promise<string[]> {
  return (await readdir(server.home)).filter((name) => name.startsWith('.~cygnet'))
}
