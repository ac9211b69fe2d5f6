import type { Entry } from '@cygnet/contract/v1/files'
import type { Share } from '@cygnet/contract/v1/shares'
import { execFile, execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { at, createFileGround } from './files.fixture.ts'

const curl = promisify(execFile)
const patience = { timeout: 30_000 }
type Listing = Entry & { children?: Entry[] }

describe('a home through the API', () => {
  test('is listed, written, read, renamed, deleted', async () => {
    const { as, home } = await createFileGround()
    const ann = await as('ann')
    expect(await ann.call<Listing>('GET', at('home', 'entry', ''))).toMatchObject({
      name: 'ann',
      kind: 'folder',
      children: [],
    })
    const folder = await ann.fetch('POST', '/api/v1/trees/home/folders', {
      body: JSON.stringify({ path: 'data/2025' }),
    })
    expect(folder.status).toBe(201)
    expect(await folder.json()).toMatchObject({ path: 'data/2025', kind: 'folder', writable: true })
    const written = await ann.fetch('PUT', at('home', 'content', 'data/2025/zürich.csv'), { body: 'year,cinemas\n' })
    expect(written.status).toBe(200)
    const entry = (await written.json()) as Entry
    expect(entry).toMatchObject({ name: 'zürich.csv', size: 13, mediaType: 'text/csv', kind: 'file' })
    expect(written.headers.get('etag')).toBe(entry.etag)
    const read = await ann.fetch('GET', at('home', 'content', 'data/2025/zürich.csv'))
    expect(await read.text()).toBe('year,cinemas\n')
    expect(await ann.call('POST', '/api/v1/trees/home/move', { from: 'data', to: 'Daten' })).toMatchObject({
      path: 'Daten',
    })
    expect((await ann.fetch('DELETE', at('home', 'entry', 'Daten'))).status).toBe(204)
    expect((await readdir(home('ann'))).toSorted()).toEqual([])
  })

  test('shows dot files only when asked to', async () => {
    const { as } = await createFileGround()
    const ann = await as('ann')
    await ann.fetch('PUT', at('home', 'content', '.profile'), { body: 'x' })
    expect((await ann.call<Listing>('GET', at('home', 'entry', ''))).children).toEqual([])
    expect((await ann.call<Listing>('GET', at('home', 'entry', '', { hidden: '1' }))).children).toHaveLength(1)
  })

  test('is its owner’s alone', async () => {
    const { as, url, adminSocket } = await createFileGround()
    const guest = await as()
    for (const what of ['entry', 'content', 'archive']) {
      expect((await guest.fetch('GET', at('home', what, ''))).status).toBe(401)
      expect((await guest.fetch('GET', at('share-x', what, ''))).status).toBe(401)
    }
    expect((await guest.fetch('PUT', at('home', 'content', 'x'), { body: 'x' })).status).toBe(401)
    const { stdout } = await curl('curl', ['-s', '--unix-socket', adminSocket, `${url}${at('home', 'entry', '')}`])
    expect(JSON.parse(stdout)).toMatchObject({ status: 403 })
  })

  test.each([
    ['..', 400],
    ['../bob', 400],
    ['a/../../bob', 400],
    ['/etc/passwd', 400],
    ['a\0', 400],
    ['x'.repeat(260), 400],
    ['x/../'.repeat(60), 400],
    [`a${'/a'.repeat(2100)}`, 400],
    ['out', 403],
    ['out/passwd', 403],
    ['up', 403],
    ['nothing', 404],
    ['fifo', 403],
  ])('%.20s gives %i and says why', async (path, status) => {
    const { as, home, homes } = await createFileGround()
    await symlink('/etc', join(home('ann'), 'out'))
    await symlink('../bob', join(home('ann'), 'up'))
    execFileSync('mkfifo', [join(home('ann'), 'fifo')])
    const ann = await as('ann')
    const answers = [
      await ann.fetch('GET', at('home', 'entry', path)),
      await ann.fetch('GET', at('home', 'content', path)),
    ]
    if (path !== 'nothing') {
      answers.push(await ann.fetch('PUT', at('home', 'content', path, { overwrite: '1' }), { body: 'x' }))
    }
    if (!['out', 'up', 'fifo'].includes(path)) {
      answers.push(await ann.fetch('DELETE', at('home', 'entry', path)))
      answers.push(
        await ann.fetch('POST', '/api/v1/trees/home/move', { body: JSON.stringify({ from: path, to: 'b' }) }),
      )
    }
    for (const answer of answers) {
      expect(answer.status).toBe(status)
      expect(await answer.json()).toMatchObject({ status, message: expect.stringMatching(/.{10}/) })
    }
    expect((await readdir(homes)).toSorted()).toEqual(['ann', 'bob', 'cat'])
  })

  test.each(['%2e%2e', '%2e%2e%2fbob', '..%2fbob', '%252e%252e%252fbob', '%00', '%c0%ae%c0%ae', '%ff'])(
    'the raw query path=%s leads nowhere',
    async (path) => {
      const { url, as } = await createFileGround()
      const ann = await as('ann')
      const { stdout } = await curl('curl', [
        '-s',
        '-g',
        '--path-as-is',
        '-o',
        '/dev/null',
        '-w',
        '%{http_code}',
        '-H',
        `authorization: ${ann.headers['authorization']}`,
        `${url}/api/v1/trees/home/entry?path=${path}`,
      ])
      expect(['400', '404']).toContain(stdout)
    },
  )

  test.each(['home%2f..', 'share-..', 'link-%2e%2e', 'homes', ''])('the tree %j is none', async (tree) => {
    const { as } = await createFileGround()
    const { status } = await (await as('ann')).fetch('GET', `/api/v1/trees/${tree}/entry?path=`)
    expect([400, 404]).toContain(status)
  })

  test('10,000 files are listed', async () => {
    const { as, home } = await createFileGround()
    await mkdir(join(home('ann'), 'many'))
    for (let index = 0; index < 10_000; index++) await writeFile(join(home('ann'), `many/${index}`), '')
    const listing = await (await as('ann')).call<Listing>('GET', at('home', 'entry', 'many'))
    expect(listing.children).toHaveLength(10_000)
    expect(listing.children?.[9]?.path).toBe('many/9')
  })
})

describe('reading', () => {
  test('tells what it is, and a browser may do nothing with it', async () => {
    const { as } = await createFileGround()
    const ann = await as('ann')
    const types: Record<string, [string, string]> = {
      'page.html': ['text/plain; charset=utf-8', 'text/html'],
      'page.xhtml': ['text/plain; charset=utf-8', 'application/xhtml+xml'],
      'data.xml': ['text/plain; charset=utf-8', 'application/xml'],
      'code.js': ['text/plain; charset=utf-8', 'text/javascript'],
      'table.csv': ['text/csv; charset=utf-8', 'text/csv'],
      'notes.md': ['text/markdown; charset=utf-8', 'text/markdown'],
      'work.ipynb': ['application/x-ipynb+json', 'application/x-ipynb+json'],
      'plot.svg': ['image/svg+xml', 'image/svg+xml'],
      'paper.pdf': ['application/pdf', 'application/pdf'],
      'no-kind': ['application/octet-stream', 'application/octet-stream'],
      'code.py': ['text/x-python; charset=utf-8', 'text/x-python'],
    }
    for (const [name, [inline, kept]] of Object.entries(types)) {
      await ann.fetch('PUT', at('home', 'content', name), { body: '<script>alert(1)</script>' })
      const shown = await ann.fetch('GET', at('home', 'content', name))
      expect(shown.headers.get('content-type'), name).toBe(inline)
      expect(shown.headers.get('x-content-type-options')).toBe('nosniff')
      expect(shown.headers.get('cache-control')).toBe('private, no-cache')
      expect(shown.headers.get('content-disposition')).toContain('inline')
      const policy = shown.headers.get('content-security-policy')
      expect(policy).toContain("default-src 'none'")
      expect(policy?.startsWith('sandbox;')).toBe(name !== 'paper.pdf')
      expect(policy).not.toContain('allow-scripts')
      expect(shown.headers.get('access-control-allow-origin')).toBe(null)
      const saved = await ann.fetch('GET', at('home', 'content', name, { download: '1' }))
      expect(saved.headers.get('content-type'), name).toBe(kept)
      expect(saved.headers.get('content-disposition')).toContain('attachment')
    }
  })

  test('names of any kind survive a download', async () => {
    const { as, url, folder } = await createFileGround()
    const ann = await as('ann')
    const name = 'zürich "2025" ; €\\ %41\r\nX-Evil: 1.txt'
    await ann.fetch('PUT', at('home', 'content', name), { body: 'x' })
    const answer = await ann.fetch('GET', at('home', 'content', name, { download: '1' }))
    expect(answer.headers.get('x-evil')).toBe(null)
    const [, exact = ''] = /filename\*=UTF-8''([^;]+)/.exec(answer.headers.get('content-disposition') ?? '') ?? []
    expect(decodeURIComponent(exact)).toBe(name)
    await ann.fetch('PUT', at('home', 'content', 'plain name.txt'), { body: 'x' })
    await curl(
      'curl',
      [
        '-sOJ',
        '-H',
        `authorization: ${ann.headers['authorization']}`,
        url + at('home', 'content', 'plain name.txt', { download: '1' }),
      ],
      { cwd: folder },
    )
    expect(await readdir(folder)).toContain('plain name.txt')
  })

  test('honours conditions', async () => {
    const { as } = await createFileGround()
    const ann = await as('ann')
    const first = (await ann.fetch('PUT', at('home', 'content', 'file'), { body: 'one' })).headers.get('etag') ?? ''
    const get = (headers: Record<string, string>) => ann.fetch('GET', at('home', 'content', 'file'), { headers })
    const known = await get({ 'if-none-match': `"x", W/${first}` })
    expect([known.status, known.headers.get('etag'), await known.text()]).toEqual([304, first, ''])
    expect((await get({ 'if-none-match': '"x"' })).status).toBe(200)
    expect((await get({ 'if-none-match': '*' })).status).toBe(304)
    expect((await get({ 'if-match': '"x"' })).status).toBe(412)
    expect((await get({ 'if-match': first })).status).toBe(200)
    expect((await get({ 'if-modified-since': new Date().toUTCString() })).status).toBe(304)
    expect((await get({ 'if-modified-since': 'no date' })).status).toBe(200)
    expect((await get({ 'if-unmodified-since': new Date(0).toUTCString() })).status).toBe(412)

    const put = (headers: Record<string, string>, body: string) =>
      ann.fetch('PUT', at('home', 'content', 'file'), { headers, body })
    const second = await put({ 'if-match': first }, 'two')
    expect(second.status).toBe(200)
    expect((await put({ 'if-match': first }, 'three')).status).toBe(412)
    expect(await (await get({})).text()).toBe('two')
  })

  test('gives ranges, to curl too', async () => {
    const { as, url } = await createFileGround()
    const ann = await as('ann')
    const content = randomBytes(3_000_000)
    const etag = (await ann.fetch('PUT', at('home', 'content', 'big'), { body: content })).headers.get('etag') ?? ''
    const get = (range: string, more: Record<string, string> = {}) =>
      ann.fetch('GET', at('home', 'content', 'big'), { headers: { range, ...more } })
    for (const [range, start, end] of [
      ['bytes=0-0', 0, 1],
      ['bytes=1000000-1999999', 1_000_000, 2_000_000],
      ['bytes=2999999-', 2_999_999, 3_000_000],
      ['bytes=-5', 2_999_995, 3_000_000],
      ['bytes=-9999999', 0, 3_000_000],
      ['bytes=5-99999999', 5, 3_000_000],
      ['bytes=0-9,10-19, 15-29', 0, 30],
    ] as const) {
      const answer = await get(range)
      expect(answer.status, range).toBe(206)
      expect(answer.headers.get('content-range')).toBe(`bytes ${start}-${end - 1}/3000000`)
      expect(Buffer.from(await answer.arrayBuffer()).equals(content.subarray(start, end)), range).toBe(true)
    }
    for (const range of ['bytes=3000000-', 'bytes=0-1,100-101', 'bytes=-0', `bytes=${'0-1,'.repeat(50)}0-1`]) {
      const answer = await get(range)
      expect(answer.status, range).toBe(416)
      expect(answer.headers.get('content-range')).toBe('bytes */3000000')
      expect(await answer.json()).toMatchObject({ code: 'range-not-satisfiable' })
    }
    for (const range of ['lines=1-2', 'bytes=x', 'bytes=5-1', 'bytes=-'])
      expect((await get(range)).status, range).toBe(200)
    expect((await get('bytes=0-1', { 'if-range': etag })).status).toBe(206)
    expect((await get('bytes=0-1', { 'if-range': '"old"' })).status).toBe(200)

    const address = url + at('home', 'content', 'big')
    const sign = ['-s', '-H', `authorization: ${ann.headers['authorization']}`]
    const options = { encoding: 'buffer', maxBuffer: 2 ** 24 } as const
    const { stdout } = await curl('curl', [...sign, '-r', '100-2000099', address], options)
    expect(stdout.equals(content.subarray(100, 2_000_100))).toBe(true)
    const { stdout: head } = await curl('curl', [...sign, '-I', address])
    expect(head).toMatch(/^HTTP\/1.1 200/)
    expect(head).toMatch(/content-length: 3000000\r/i)
    expect(head).toMatch(/accept-ranges: bytes\r/i)
  })

  test('an empty file has no ranges', async () => {
    const { as } = await createFileGround()
    const ann = await as('ann')
    await ann.fetch('PUT', at('home', 'content', 'empty'))
    const whole = await ann.fetch('GET', at('home', 'content', 'empty'))
    expect([whole.status, whole.headers.get('content-length'), await whole.text()]).toEqual([200, '0', ''])
    expect((await ann.fetch('GET', at('home', 'content', 'empty'), { headers: { range: 'bytes=0-' } })).status).toBe(
      416,
    )
  })

  test('a client that leaves frees the file', async () => {
    const { as, port } = await createFileGround()
    const ann = await as('ann')
    await ann.fetch('PUT', at('home', 'content', 'big'), { body: randomBytes(20_000_000) })
    const socket = connect(port, '127.0.0.1')
    socket.write(
      `GET ${at('home', 'content', 'big')} HTTP/1.1\r\nHost: x\r\nAuthorization: ${ann.headers['authorization']}\r\n\r\n`,
    )
    await once(socket, 'readable')
    await expect.poll(isReading, patience).toBe(true)
    socket.destroy()
    await expect.poll(isReading, patience).toBe(false)
  })
})

describe('uploading', () => {
  test('any media type is bytes', async () => {
    const { as } = await createFileGround()
    const ann = await as('ann')
    for (const type of [
      'application/json',
      'text/plain',
      'multipart/form-data',
      'application/x-www-form-urlencoded',
      'x/y; z=1',
    ]) {
      const answer = await ann.fetch('PUT', at('home', 'content', 'file', { overwrite: '1' }), {
        body: '{"not": json',
        headers: { 'content-type': type },
      })
      expect(answer.status, type).toBe(200)
      expect(await (await ann.fetch('GET', at('home', 'content', 'file'))).text()).toBe('{"not": json')
    }
  })

  test('is refused at once where it cannot be', async () => {
    const { as, url, home, folder } = await createFileGround()
    const ann = await as('ann')
    await ann.fetch('PUT', at('home', 'content', 'there'), { body: 'old' })
    const put = async (path: string, size: string, more: string[] = []): Promise<[string, string]> => {
      const source = join(folder, `${size}.bin`)
      execFileSync('truncate', ['-s', size, source])
      const { stdout } = await curl('curl', [
        '-s',
        '-o',
        '/dev/null',
        '-w',
        '%{http_code} %{size_upload}',
        '-T',
        source,
        '-H',
        `authorization: ${ann.headers['authorization']}`,
        ...more,
        url + path,
      ])
      const [status = '', sent = ''] = stdout.split(' ')
      return [status, sent]
    }
    const expecting = ['-H', 'expect: 100-continue']
    expect(await put(at('home', 'content', 'there'), '1G', expecting)).toEqual(['409', '0'])
    expect(await put(at('home', 'content', 'new'), '9T', expecting)).toEqual(['507', '0'])
    expect(await put(at('home', 'content', 'x'.repeat(300)), '1G', expecting)).toEqual(['400', '0'])
    expect(await put(at('home', 'content', 'no/where'), '1G', expecting)).toEqual(['404', '0'])
    // Without asking first it has sent some, and still hears why.
    const [status, sent] = await put(at('home', 'content', 'new'), '9T', ['-H', 'expect:'])
    expect(status).toBe('507')
    expect(Number(sent)).toBeLessThan(1e12)
    for (const headers of [{ 'content-range': 'bytes 0-1/5' }, { 'content-encoding': 'gzip' }]) {
      expect((await ann.fetch('PUT', at('home', 'content', 'new'), { body: 'xx', headers })).status).toBe(400)
    }
    expect((await readdir(home('ann'))).toSorted()).toEqual(['there'])
    expect(await readFile(join(home('ann'), 'there'), 'utf8')).toBe('old')
  })

  test('a client that asks first is told to go on', async () => {
    const { as, url, home, folder } = await createFileGround()
    const ann = await as('ann')
    await writeFile(join(folder, 'up'), randomBytes(5_000_000))
    await curl('curl', [
      '-sf',
      '-T',
      join(folder, 'up'),
      '-H',
      'expect: 100-continue',
      '--expect100-timeout',
      '30',
      '-H',
      `authorization: ${ann.headers['authorization']}`,
      url + at('home', 'content', 'up'),
    ])
    execFileSync('cmp', [join(folder, 'up'), join(home('ann'), 'up')])
  })

  test.each(['with a length', 'in chunks'])('that is cut in the middle leaves nothing (%s)', async (how) => {
    const { as, port, home, logged } = await createFileGround()
    const ann = await as('ann')
    await ann.fetch('PUT', at('home', 'content', 'file'), { body: 'old' })
    for (const path of ['file', 'new']) {
      const socket = connect(port, '127.0.0.1')
      const framing = how === 'in chunks' ? 'Transfer-Encoding: chunked' : 'Content-Length: 9000000'
      const piece = randomBytes(3_000_000)
      socket.write(
        `PUT ${at('home', 'content', path, { overwrite: '1' })} HTTP/1.1\r\nHost: x\r\nAuthorization: ${ann.headers['authorization']}\r\n${framing}\r\n\r\n`,
      )
      if (how === 'in chunks') socket.write(`${piece.length.toString(16)}\r\n`)
      socket.write(piece)
      await expect
        .poll(async () => (await readdir(home('ann'))).toSorted(), patience)
        .toEqual([expect.stringMatching(/^\.cygnet-/), 'file'])
      socket.destroy()
      await expect.poll(async () => (await readdir(home('ann'))).toSorted(), patience).toEqual(['file'])
    }
    expect(await readFile(join(home('ann'), 'file'), 'utf8')).toBe('old')
    // That is no fault of the service.
    expect(logged.filter((line) => line.includes('"level":50'))).toEqual([])
  })

  test('a peer that is gone without a word is cut off, reading or writing', async () => {
    const { as, port, home } = await createFileGround({ patienceSeconds: 0.5 })
    const ann = await as('ann')
    await ann.fetch('PUT', at('home', 'content', 'big'), { body: new Uint8Array(50_000_000) })
    const head = `HTTP/1.1\r\nHost: x\r\nAuthorization: ${ann.headers['authorization']}\r\n`
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(`PUT ${at('home', 'content', 'new')} ${head}Content-Length: 9000000\r\n\r\nsome`)
    await once(socket, 'close')
    await expect.poll(() => readdir(home('ann')), patience).toEqual(['big'])
    for (const what of ['content', 'archive']) {
      const reader = connect(port, '127.0.0.1')
      reader.on('error', () => undefined)
      reader.write(`GET ${at('home', what, what === 'content' ? 'big' : '')} ${head}\r\n`)
      await once(reader, 'readable')
      await expect.poll(isReading, patience).toBe(false)
      reader.destroy()
    }
    // What takes longer but moves is not.
    const slow = await ann.fetch('PUT', at('home', 'content', 'slow'), { body: trickle(), duplex: 'half' })
    expect(slow.status).toBe(200)
  })

  test.runIf(process.getuid?.() === 0)('onto a full disk answers 507 and changes nothing', async () => {
    const mount = await mkdtemp(join(tmpdir(), 'cygnet-small-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', mount])
    onTestFinished(async () => {
      execFileSync('umount', [mount])
      await rm(mount, { recursive: true })
    })
    const { as, home } = await createFileGround({ parent: mount })
    const ann = await as('ann')
    await ann.fetch('PUT', at('home', 'content', 'file'), { body: randomBytes(1_000_000) })
    const before = await readFile(join(home('ann'), 'file'))
    const known = await ann.fetch('PUT', at('home', 'content', 'file', { overwrite: '1' }), {
      body: new Uint8Array(9_000_000),
    })
    expect(known.status).toBe(507)
    expect(await known.json()).toMatchObject({ code: 'insufficient-storage', mend: expect.any(String) })
    const unknown = await ann.fetch('PUT', at('home', 'content', 'file', { overwrite: '1' }), {
      body: new Blob([new Uint8Array(9_000_000)]).stream(),
      duplex: 'half',
    })
    expect(unknown.status).toBe(507)
    expect((await readFile(join(home('ann'), 'file'))).equals(before)).toBe(true)
    expect((await readdir(home('ann'))).toSorted()).toEqual(['file'])
    expect((await ann.fetch('PUT', at('home', 'content', 'small'), { body: 'fits' })).status).toBe(200)
  })

  test.runIf(process.getuid?.() === 0)('belongs to the user', async () => {
    const { as, home, auth } = await createFileGround()
    const bob = await as('bob')
    await bob.fetch('POST', '/api/v1/trees/home/folders', { body: JSON.stringify({ path: 'a/b' }) })
    await bob.fetch('PUT', at('home', 'content', 'a/b/c'), { body: 'x' })
    const id = (await auth.accounts.find('bob'))?.id ?? 0
    for (const path of ['', 'a', 'a/b', 'a/b/c']) {
      const { uid, gid } = await stat(join(home('bob'), path))
      expect([uid, gid]).toEqual([301_000 + id, 301_000 + id])
    }
  })
})

describe('an archive', () => {
  test('holds the folder, without what lies outside', async () => {
    const { as, home, folder } = await createFileGround()
    await mkdir(join(home('ann'), 'data/sub'), { recursive: true })
    await writeFile(join(home('ann'), 'data/sub/é'), 'x')
    await symlink('/etc/passwd', join(home('ann'), 'data/passwd'))
    const answer = await (await as('ann')).fetch('GET', at('home', 'archive', 'data'))
    expect(answer.headers.get('content-type')).toBe('application/zip')
    expect(answer.headers.get('content-disposition')).toContain('filename="data.zip"')
    await writeFile(join(folder, 'data.zip'), Buffer.from(await answer.arrayBuffer()))
    expect(
      execFileSync('unzip', ['-Z1', join(folder, 'data.zip')], {
        encoding: 'utf8',
        env: { LC_ALL: 'C.UTF-8', PATH: process.env['PATH'] },
      }),
    ).toBe('data/\ndata/sub/\ndata/sub/é\n')
    const whole = await (await as('ann')).fetch('GET', at('home', 'archive', ''))
    expect(whole.headers.get('content-disposition')).toContain('filename="ann.zip"')
    await whole.body?.cancel()
    await (await as('ann')).fetch('PUT', at('home', 'content', 'file'), { body: 'x' })
    expect((await (await as('ann')).fetch('GET', at('home', 'archive', 'file'))).status).toBe(400)
    expect((await (await as('ann')).fetch('GET', at('home', 'archive', 'nothing'))).status).toBe(404)
    const head = await (await as('ann')).fetch('HEAD', at('home', 'archive', 'data'))
    expect([head.status, head.headers.get('content-type')]).toEqual([200, 'application/zip'])
  })

  test('that nobody reads any more is let go', async () => {
    const { as, port, home } = await createFileGround()
    await mkdir(join(home('ann'), 'data'))
    for (let index = 0; index < 20; index++) await writeFile(join(home('ann'), `data/${index}`), randomBytes(2_000_000))
    const ann = await as('ann')
    const socket = connect(port, '127.0.0.1')
    socket.write(
      `GET ${at('home', 'archive', 'data')} HTTP/1.1\r\nHost: x\r\nAuthorization: ${ann.headers['authorization']}\r\n\r\n`,
    )
    await once(socket, 'readable')
    await expect.poll(isReading, patience).toBe(true)
    socket.destroy()
    await expect.poll(isReading, patience).toBe(false)
  })
})

describe('much at once', () => {
  test('of one user is refused, of others not', async () => {
    const { as, port, home } = await createFileGround()
    await mkdir(join(home('ann'), 'data'))
    await writeFile(join(home('ann'), 'data/big'), randomBytes(20_000_000))
    const ann = await as('ann')
    const sockets: Socket[] = []
    onTestFinished(() => sockets.forEach((socket) => socket.destroy()))
    for (let count = 0; count < 32; count++) {
      const path = count % 2 === 0 ? at('home', 'content', 'data/big') : at('home', 'archive', 'data')
      const socket = connect(port, '127.0.0.1')
      sockets.push(socket)
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: ${ann.headers['authorization']}\r\n\r\n`)
      await once(socket, 'readable')
    }
    const refused = await ann.fetch('GET', at('home', 'entry', ''))
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '2'])
    expect(await refused.json()).toMatchObject({ code: 'rate-limited', mend: expect.any(String) })
    expect((await ann.fetch('GET', '/api/v1/shares')).status).toBe(429)
    expect((await (await as('bob')).fetch('GET', at('home', 'entry', ''))).status).toBe(200)
    sockets[0]?.destroy()
    await expect.poll(async () => (await ann.fetch('GET', at('home', 'entry', ''))).status, patience).toBe(200)
  })

  test('of one stranger is refused, of who has an account not', async () => {
    const { as, port } = await createFileGround()
    const [ann, guest] = [await as('ann'), await as()]
    await ann.fetch('PUT', at('home', 'content', 'big'), { body: randomBytes(20_000_000) })
    const { to } = await ann.call<Share>('POST', '/api/v1/shares', { path: 'big', to: { type: 'link' } })
    const tree = to.type === 'link' ? `link-${to.token}` : ''
    const sockets: Socket[] = []
    onTestFinished(() => sockets.forEach((socket) => socket.destroy()))
    for (let count = 0; count < 64; count++) {
      const socket = connect(port, '127.0.0.1')
      sockets.push(socket)
      socket.write(`GET ${at(tree, 'content', '')} HTTP/1.1\r\nHost: x\r\n\r\n`)
      await once(socket, 'readable')
    }
    expect((await guest.fetch('GET', at(tree, 'entry', ''))).status).toBe(429)
    expect((await ann.fetch('GET', at(tree, 'entry', ''))).status).toBe(200)
    for (const socket of sockets) socket.destroy()
    await expect.poll(async () => (await guest.fetch('GET', at(tree, 'entry', ''))).status, patience).toBe(200)
  })

  test('calls one after another are never refused', async () => {
    const { as } = await createFileGround()
    const ann = await as('ann')
    for (let count = 0; count < 100; count++) expect((await ann.fetch('GET', at('home', 'entry', ''))).status).toBe(200)
    const together = Array.from({ length: 20 }, () => ann.fetch('GET', at('home', 'entry', '')))
    for (const answer of await Promise.all(together)) expect(answer.status).toBe(200)
  })

  test('a tangle of links ends when its client leaves, and when the service stops', async () => {
    const { as, port, home, hub } = await createFileGround()
    await mkdir(join(home('ann'), 't/d'), { recursive: true })
    for (let index = 0; index < 12; index++)
      await symlink('d/../'.repeat(700) + (index === 0 ? 'd' : `l${index - 1}`), join(home('ann'), `t/l${index}`))
    for (let index = 0; index < 2000; index++) await symlink('l11', join(home('ann'), `t/x${index}`))
    const ann = await as('ann')
    const ask = (): Socket => {
      const socket = connect(port, '127.0.0.1').on('error', () => undefined)
      const path = at('home', 'entry', 't')
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: ${ann.headers['authorization']}\r\n\r\n`)
      return socket
    }
    const sockets = Array.from({ length: 30 }, ask)
    await expect.poll(isReading, patience).toBe(true)
    for (const socket of sockets) socket.destroy()
    await expect.poll(isReading, patience).toBe(false)
    for (let count = 0; count < 30; count++) ask()
    await expect.poll(isReading, patience).toBe(true)
    await hub.close()
    await expect.poll(isReading, patience).toBe(false)
  })
})

/** Whether this process, in which the hub runs, holds a file of ann's open. */
async function isReading(): Promise<boolean> {
  const numbers = await readdir('/proc/self/fd')
  const paths = await Promise.all(numbers.map((number) => readlink(`/proc/self/fd/${number}`).catch(() => '')))
  return paths.some((path) => path.includes('/homes/ann/'))
}

/** A body that takes longer than the patience of the test's service, and never rests as long. */
function trickle(): ReadableStream {
  return Readable.toWeb(
    Readable.from(
      (async function* () {
        for (let count = 0; count < 10; count++) {
          yield Buffer.from('x')
          await new Promise((resolve) => setTimeout(resolve, 100))
        }
      })(),
      { objectMode: false },
    ),
  ) as ReadableStream
}
