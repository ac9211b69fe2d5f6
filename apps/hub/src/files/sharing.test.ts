import type { Entry } from '@cygnet/contract/v1/files'
import type { ReceivedShare, Share } from '@cygnet/contract/v1/shares'
import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { createTestBrowser } from '../testing/test-browser.ts'
import { at, createFileGround, type Caller, type FileGround } from './files.fixture.ts'

const curl = promisify(execFile)
type Listing = Entry & { children?: Entry[] }

/** ann's home: `data/one.csv`, `data/out` (a link that leads out of `data`), `secret.txt`. */
async function createSharingGround(): Promise<FileGround & { ann: Caller; bob: Caller; cat: Caller; guest: Caller }> {
  const ground = await createFileGround()
  const home = ground.home('ann')
  await mkdir(join(home, 'data'))
  await writeFile(join(home, 'data/one.csv'), '1')
  await writeFile(join(home, 'secret.txt'), 'TOP SECRET')
  await symlink('../secret.txt', join(home, 'data/out'))
  await symlink('/home/ann/secret.txt', join(home, 'data/absolute'))
  const { as } = ground
  return { ...ground, ann: await as('ann'), bob: await as('bob'), cat: await as('cat'), guest: await as() }
}

function tokenOf(share: Share): string {
  if (share.to.type !== 'link') throw new Error('no link')
  return share.to.token
}

async function shareByLink(
  caller: Caller,
  path: string,
  more: object = {},
): Promise<{ id: string; token: string; url: string }> {
  const share = await caller.call<Share>('POST', '/api/v1/shares', { path, to: { type: 'link', ...more } })
  return { id: share.id, token: tokenOf(share), url: share.to.type === 'link' ? share.to.url : '' }
}

async function shareWith(caller: Caller, path: string, name: string, access: 'read' | 'write'): Promise<Share> {
  return caller.call('POST', '/api/v1/shares', { path, to: { type: 'user', name, access } })
}

describe('who may do what', () => {
  test('in each kind of tree', async () => {
    const { ann, bob, cat, guest, home } = await createSharingGround()
    const read = await shareWith(ann, 'data', 'bob', 'read')
    const write = await shareWith(ann, 'data', 'cat', 'write')
    const { token } = await shareByLink(ann, 'data')
    const operations: Record<string, (who: Caller, tree: string) => Promise<Response>> = {
      list: (who, tree) => who.fetch('GET', at(tree, 'entry', '')),
      read: (who, tree) => who.fetch('GET', at(tree, 'content', tree === 'home' ? 'data/one.csv' : 'one.csv')),
      zip: (who, tree) => who.fetch('GET', at(tree, 'archive', '')),
      write: (who, tree) => who.fetch('PUT', at(tree, 'content', 'new'), { body: 'x' }),
      replace: (who, tree) => who.fetch('PUT', at(tree, 'content', 'new', { overwrite: '1' }), { body: 'y' }),
      folder: (who, tree) => who.fetch('POST', `/api/v1/trees/${tree}/folders`, json({ path: 'sub' })),
      move: (who, tree) => who.fetch('POST', `/api/v1/trees/${tree}/move`, json({ from: 'new', to: 'sub/new' })),
      delete: (who, tree) => who.fetch('DELETE', at(tree, 'entry', 'sub')),
    }
    const all = [200, 200, 200, 200, 200, 201, 200, 204]
    const reading = [200, 200, 200, 403, 403, 403, 403, 403]
    const nothing = [404, 404, 404, 404, 404, 404, 404, 404]
    const nobody = [401, 401, 401, 401, 401, 401, 401, 401]
    const guests = [200, 200, 200, 401, 401, 401, 401, 401]
    const matrix: Array<[string, Caller, string, number[]]> = [
      ['ann at home', ann, 'home', all],
      ['a guest at home', guest, 'home', nobody],
      ['a reader', bob, `share-${read.id}`, reading],
      ['a writer', cat, `share-${write.id}`, all],
      ['a reader in another’s share', bob, `share-${write.id}`, nothing],
      ['the owner by the share', ann, `share-${read.id}`, nothing],
      ['a guest in a share', guest, `share-${read.id}`, nobody],
      ['a guest by link', guest, `link-${token}`, guests],
      ['a writer by link', cat, `link-${token}`, reading],
      ['the owner by link', ann, `link-${token}`, reading],
      ['someone with no such share', bob, 'share-nothing', nothing],
    ]
    for (const [who, caller, tree, expected] of matrix) {
      const statuses: number[] = []
      for (const operation of Object.values(operations)) {
        const answer = await operation(caller, tree)
        await answer.arrayBuffer()
        statuses.push(answer.status)
      }
      expect(statuses, who).toEqual(expected)
    }
    expect((await readdir(join(home('ann'), 'data'))).toSorted()).toEqual(['absolute', 'one.csv', 'out'])
  })

  test('entries say whether they can be written', async () => {
    const { ann, bob, cat } = await createSharingGround()
    const read = await shareWith(ann, 'data', 'bob', 'read')
    const write = await shareWith(ann, 'data', 'cat', 'write')
    expect((await list(ann, 'home')).children?.[0]?.writable).toBe(true)
    expect(await list(bob, `share-${read.id}`)).toMatchObject({ name: 'data', path: '', writable: false })
    expect((await list(cat, `share-${write.id}`)).children).toMatchObject([{ name: 'one.csv', writable: true }])
  })

  test('shares are their owner’s to see and change, and their recipient’s to leave', async () => {
    const { ann, bob, cat } = await createSharingGround()
    const share = await shareWith(ann, 'data', 'bob', 'read')
    const patch = (who: Caller) => who.fetch('PATCH', `/api/v1/shares/${share.id}`, { body: '{"access":"write"}' })
    expect([(await patch(bob)).status, (await patch(cat)).status, (await patch(ann)).status]).toEqual([404, 404, 200])
    expect((await cat.fetch('DELETE', `/api/v1/shares/${share.id}`)).status).toBe(404)
    expect(await cat.call('GET', '/api/v1/shares')).toEqual([])
    expect((await bob.fetch('GET', '/api/v1/users/ann/shares')).status).toBe(404)
    expect((await bob.fetch('DELETE', `/api/v1/users/ann/shares/${share.id}`)).status).toBe(404)
    const received = await bob.call<ReceivedShare[]>('GET', '/api/v1/shares/received')
    expect(received).toEqual([
      {
        id: share.id,
        owner: 'ann',
        name: 'data',
        kind: 'folder',
        access: 'write',
        created: share.created,
        folder: 'Shared with me/data',
      },
    ])
    expect((await bob.fetch('DELETE', `/api/v1/shares/${share.id}`)).status).toBe(204)
    expect(await ann.call('GET', '/api/v1/shares')).toEqual([])
  })

  test('an administrator shares for a user through the admin’s door', async () => {
    const { adminSocket, url, ann } = await createSharingGround()
    const admin = async (
      method: string,
      path: string,
      body?: object,
    ): Promise<{ status?: number } & Partial<Share>> => {
      const more = body === undefined ? [] : ['-d', JSON.stringify(body)]
      const { stdout } = await curl('curl', [
        '-s',
        '--unix-socket',
        adminSocket,
        '-X',
        method,
        ...more,
        `${url}${path}`,
      ])
      return stdout === '' ? {} : JSON.parse(stdout)
    }
    const share = await admin('POST', '/api/v1/users/ann/shares', { path: 'data', to: { type: 'link' } })
    expect(share).toMatchObject({
      owner: 'ann',
      path: 'data',
      to: { type: 'link', url: expect.stringContaining(`${url}/s/`) },
    })
    expect(await admin('GET', '/api/v1/users/ann/shares')).toHaveLength(1)
    expect(await admin('GET', '/api/v1/users/nobody/shares')).toMatchObject({ status: 404 })
    expect(await admin('POST', '/api/v1/users/nobody/shares', { path: 'data', to: { type: 'link' } })).toMatchObject({
      status: 404,
    })
    await admin('DELETE', `/api/v1/users/ann/shares/${share.id}`)
    expect(await ann.call('GET', '/api/v1/shares')).toEqual([])
  })
})

describe('a link', () => {
  test('opens to anyone, and reveals nothing beside what is shared', async () => {
    const { ann, guest, url } = await createSharingGround()
    const link = await shareByLink(ann, 'data')
    expect(link.url).toBe(`${url}/s/${link.token}`)
    expect(await guest.call('GET', `/api/v1/links/${link.token}`)).toEqual({
      state: 'open',
      name: 'data',
      owner: 'ann',
      kind: 'folder',
      expires: null,
    })
    const tree = `link-${link.token}`
    const listing = await guest.call<Listing>('GET', at(tree, 'entry', ''))
    expect(listing.children?.map((child) => child.path)).toEqual(['one.csv'])
    for (const path of ['out', 'absolute', '../secret.txt', 'secret.txt', 'data', '/home/ann/secret.txt']) {
      for (const what of ['entry', 'content', 'archive']) {
        const answer = await guest.fetch('GET', at(tree, what, path))
        expect([400, 403, 404], `${what} ${path}`).toContain(answer.status)
        expect(await answer.text()).not.toMatch(/TOP SECRET|\/home\/ann|homes/)
      }
    }
    const zip = Buffer.from(await (await guest.fetch('GET', at(tree, 'archive', ''))).arrayBuffer())
    expect(zip.includes('one.csv')).toBe(true)
    expect(zip.includes('SECRET') || zip.includes('secret')).toBe(false)
  })

  test('answers the same for a name beside that is there and one that is not', async () => {
    const { ann, guest, home } = await createSharingGround()
    await writeFile(join(home('ann'), 'plot.png'), 'png')
    const { token } = await shareByLink(ann, 'plot.png')
    const ask = async (path: string): Promise<string> =>
      (await (await guest.fetch('GET', at(`link-${token}`, 'entry', path))).text()).replaceAll(path, '')
    expect(await ask('secret.txt')).toBe(await ask('nothing.txt'))
    expect(await ask('data')).toBe(await ask('date'))
  })

  test('that was revoked is as one that never was; one that expired says so', async () => {
    const { ann, guest, shares } = await createSharingGround()
    const link = await shareByLink(ann, 'data', { password: 'horse' })
    await ann.fetch('DELETE', `/api/v1/shares/${link.id}`)
    const ask = async (token: string): Promise<string[]> =>
      Promise.all(addresses(token).map(async (address) => (await guest.fetch('GET', address)).text()))
    expect(await ask(link.token)).toEqual(await ask('AAAAAAAAAAAAAAAAAAAAAAAA'))
    expect(JSON.parse((await ask(link.token))[0] ?? '')).toMatchObject({ status: 404, code: 'not-found' })

    const late = await shareByLink(ann, 'data', { expires: new Date(Date.now() + 500).toISOString() })
    await expect
      .poll(async () => (await guest.fetch('GET', `/api/v1/links/${late.token}`)).status, { timeout: 30_000 })
      .toBe(410)
    for (const address of addresses(late.token)) {
      const answer = await guest.fetch('GET', address)
      expect(answer.status).toBe(410)
      expect(await answer.json()).toMatchObject({ code: 'gone', message: 'This link has expired.' })
    }
    expect((await shares.listOf('ann')).map((share) => share.id)).toEqual([late.id])
    expect(
      (
        await ann.fetch('POST', '/api/v1/shares', {
          body: JSON.stringify({ path: 'data', to: { type: 'link', expires: '2001-01-01T00:00:00Z' } }),
        })
      ).status,
    ).toBe(400)
  })

  test('with a password says nothing before it is given, and then opens in that browser', async () => {
    const { ann, url, guest } = await createSharingGround()
    const { token, id } = await shareByLink(ann, 'data', { password: 'correct horse' })
    const other = await shareByLink(ann, 'data', { password: 'correct horse' })
    const locked = { state: 'needs-password', name: null, owner: null, kind: null, expires: null }
    expect(await guest.call('GET', `/api/v1/links/${token}`)).toEqual(locked)
    for (const what of ['entry', 'content', 'archive']) {
      const answer = await guest.fetch('GET', at(`link-${token}`, what, ''))
      expect(answer.status).toBe(403)
      expect(await answer.text()).not.toMatch(/ann|data/)
    }
    const browser = createTestBrowser(url)
    const wrong = await browser.call('POST', `/api/v1/links/${token}/unlock`, { password: 'wrong' })
    expect([wrong.status, await wrong.json()]).toMatchObject([403, { message: 'The password is wrong.' }])
    const right = await browser.call('POST', `/api/v1/links/${token}/unlock`, { password: 'correct horse' })
    expect(await right.json()).toMatchObject({ state: 'open', name: 'data', owner: 'ann' })
    expect(browser.lastCookies).toHaveLength(2)
    for (const cookie of browser.lastCookies) {
      expect(cookie).toMatch(
        /^cygnet-link-[\w-]{12}=[\w-]{43}; Path=\/api\/v1\/(links\/|trees\/link-)[\w-]+; HttpOnly; SameSite=Lax$/,
      )
    }
    const download = await browser.get(at(`link-${token}`, 'content', 'one.csv', { download: '1' }))
    expect([download.status, await download.text()]).toEqual([200, '1'])
    expect(await (await browser.get(`/api/v1/links/${token}`)).json()).toMatchObject({ state: 'open' })
    expect(await (await browser.get(`/api/v1/links/${other.token}`)).json()).toEqual(locked)
    await ann.call('PATCH', `/api/v1/shares/${id}`, { password: 'battery staple' })
    expect((await browser.get(at(`link-${token}`, 'content', 'one.csv'))).status).toBe(403)
    await ann.call('PATCH', `/api/v1/shares/${id}`, { password: null })
    expect((await guest.fetch('GET', at(`link-${token}`, 'content', 'one.csv'))).status).toBe(200)
  })

  test('takes its password from a program as Basic credentials', async () => {
    const { ann, url } = await createSharingGround()
    const { token } = await shareByLink(ann, 'data', { password: 'pässword: 1' })
    const get = async (user: string): Promise<string> =>
      (await curl('curl', ['-s', '-w', ' %{http_code}', '-u', user, url + at(`link-${token}`, 'content', 'one.csv')]))
        .stdout
    expect(await get('anyone:pässword: 1')).toBe('1 200')
    expect(await get(`${token}:pässword: 1`)).toBe('1 200')
    expect(await get('anyone:wrong')).toMatch(/ 403$/)
  })

  test('lets nobody try passwords for ever', async () => {
    const { ann, guest, bob } = await createSharingGround()
    const { token } = await shareByLink(ann, 'data', { password: 'horse' })
    const other = await shareByLink(ann, 'data', { password: 'horse' })
    const unlock = (which: string, password: string) =>
      guest.fetch('POST', `/api/v1/links/${which}/unlock`, { body: JSON.stringify({ password }) })
    const statuses: number[] = []
    for (let count = 0; count < 7; count++) statuses.push((await unlock(token, `wrong ${count}`)).status)
    expect(statuses).toEqual([403, 403, 403, 403, 403, 429, 429])
    const refused = await unlock(token, 'horse')
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await refused.json()).toMatchObject({
      message: 'Too many wrong passwords for this link.',
      mend: expect.any(String),
    })
    const basic = { authorization: `Basic ${btoa('x:horse')}` }
    expect((await guest.fetch('GET', at(`link-${token}`, 'entry', ''), { headers: basic })).status).toBe(429)
    expect((await unlock(other.token, 'horse')).status).toBe(200)
    expect((await bob.fetch('GET', `/api/v1/links/${other.token}`)).status).toBe(200)
  })

  test('to what is gone says so', async () => {
    const { ann, guest } = await createSharingGround()
    const { token } = await shareByLink(ann, 'data')
    await ann.fetch('DELETE', at('home', 'entry', 'data'))
    const answer = await guest.fetch('GET', `/api/v1/links/${token}`)
    expect([answer.status, await answer.json()]).toMatchObject([410, { message: expect.stringContaining('no longer') }])
    expect((await guest.fetch('GET', at(`link-${token}`, 'entry', ''))).status).toBe(410)
    expect(await ann.call('GET', '/api/v1/shares')).toMatchObject([
      { kind: 'missing', name: 'data', ended: { at: expect.any(String), why: 'deleted' } },
    ])
  })

  test('to a single file shows it at the root', async () => {
    const { ann, guest, home } = await createSharingGround()
    await writeFile(join(home('ann'), 'cinemas.png'), 'png')
    const { token } = await shareByLink(ann, 'cinemas.png')
    expect(await guest.call('GET', at(`link-${token}`, 'entry', ''))).toMatchObject({
      name: 'cinemas.png',
      kind: 'file',
      path: '',
    })
    const answer = await guest.fetch('GET', at(`link-${token}`, 'content', '', { download: '1' }))
    expect([answer.headers.get('content-type'), await answer.text()]).toEqual(['image/png', 'png'])
    expect(answer.headers.get('content-disposition')).toContain('filename="cinemas.png"')
    expect((await guest.fetch('GET', at(`link-${token}`, 'archive', ''))).status).toBe(400)
  })
})

describe('sharing is refused', () => {
  test.each([
    ['Shared with me/data', { type: 'user', name: 'cat' }, 403],
    ['', { type: 'link' }, 400],
    ['data', { type: 'user', name: 'bob' }, 400],
    ['data', { type: 'user', name: 'nobody' }, 404],
    ['nothing', { type: 'link' }, 404],
    ['../ann/data', { type: 'link' }, 400],
    ['out', { type: 'link' }, 403],
    ['data', { type: 'link', password: '' }, 400],
    ['data', { type: 'link', expires: 'tomorrow' }, 400],
    ['data', { type: 'group', name: 'all' }, 400],
  ] as const)('of %j to %j with %i', async (path, to, status) => {
    const { bob, home } = await createSharingGround()
    await mkdir(join(home('bob'), 'data'))
    await mkdir(join(home('bob'), 'Shared with me/data'), { recursive: true })
    await symlink('/home/ann/data', join(home('bob'), 'out'))
    const answer = await bob.fetch('POST', '/api/v1/shares', { body: JSON.stringify({ path, to }) })
    expect(answer.status).toBe(status)
    expect(await answer.json()).toMatchObject({ message: expect.stringMatching(/.{10}/) })
  })
})

test('what is no UTF-8 is shared as all else', async () => {
  const { ann, bob, guest, home } = await createSharingGround()
  await mkdir(Buffer.concat([Buffer.from(`${home('ann')}/`), Buffer.from([0xfc, 0x62])]))
  await writeFile(Buffer.concat([Buffer.from(`${home('ann')}/`), Buffer.from([0xfc, 0x62, 0x2f, 0xe9])]), 'x')
  const { children } = await ann.call<{ children: Entry[] }>('GET', at('home', 'entry', ''))
  expect(children.map(({ name }) => name)).toContain('‛FCb')
  const share = await shareWith(ann, '‛FCb', 'bob', 'write')
  const { token } = await shareByLink(ann, '‛FCb')
  const [received] = await bob.call<ReceivedShare[]>('GET', '/api/v1/shares/received')
  expect(received).toMatchObject({ name: '‛FCb' })
  for (const [who, tree] of [
    [bob, `share-${share.id}`],
    [guest, `link-${token}`],
  ] as const) {
    expect(await who.call('GET', at(tree, 'entry', ''))).toMatchObject({ name: '‛FCb', children: [{ name: '‛E9' }] })
    const file = await who.fetch('GET', at(tree, 'content', '‛E9', { download: '1' }))
    expect(await file.text()).toBe('x')
    expect(file.headers.get('content-disposition')).toContain(`UTF-8''${encodeURIComponent('‛E9')}`)
  }
  // It follows what a program renames.
  const bytes = (...more: number[]): Buffer => Buffer.concat([Buffer.from(`${home('ann')}/`), Buffer.from(more)])
  await rename(bytes(0xfc, 0x62), bytes(0xff))
  expect(await bob.call<ReceivedShare[]>('GET', '/api/v1/shares/received')).toMatchObject([{ name: '‛FF' }])
  await rename(bytes(0xff), bytes(0xfc, 0x62))
  // The share follows by whatever way the name is written.
  await ann.call('POST', '/api/v1/trees/home/move', { from: '‛FCb', to: '‛C3‛BCb' })
  expect(await bob.call<ReceivedShare[]>('GET', '/api/v1/shares/received')).toMatchObject([{ name: 'üb' }])
})

test('what a writer puts into a share belongs to its owner, and shares follow a rename', async () => {
  const { ann, cat, guest, home } = await createSharingGround()
  const share = await shareWith(ann, 'data', 'cat', 'write')
  const { token } = await shareByLink(ann, 'data/one.csv')
  await cat.fetch('PUT', at(`share-${share.id}`, 'content', 'two.csv'), { body: '2' })
  await cat.call('POST', `/api/v1/trees/share-${share.id}/move`, { from: 'one.csv', to: 'eins.csv' })
  await ann.call('POST', '/api/v1/trees/home/move', { from: 'data', to: 'Daten' })
  expect(await readFile(join(home('ann'), 'Daten/two.csv'), 'utf8')).toBe('2')
  expect(await (await guest.fetch('GET', at(`link-${token}`, 'content', ''))).text()).toBe('1')
  expect(await cat.call('GET', at(`share-${share.id}`, 'entry', ''))).toMatchObject({ name: 'Daten' })
  expect(await ann.call('GET', `/api/v1/shares?path=Daten`)).toMatchObject([{ id: share.id, path: 'Daten' }])
  const [owner, file] = await Promise.all(['', 'Daten/two.csv'].map((path) => stat(join(home('ann'), path))))
  expect(file?.uid).toBe(owner?.uid)
})

function json(body: object): { body: string } {
  return { body: JSON.stringify(body) }
}

function list(caller: Caller, tree: string): Promise<Listing> {
  return caller.call('GET', at(tree, 'entry', ''))
}

/** All by which a link can be looked into. */
function addresses(token: string): string[] {
  return [`/api/v1/links/${token}`, at(`link-${token}`, 'entry', ''), at(`link-${token}`, 'content', 'one.csv')]
}
