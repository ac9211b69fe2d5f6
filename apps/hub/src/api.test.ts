import { request } from 'node:http'
import { connect } from 'node:net'
import { stat } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { createSilentLogger } from '@cygnet/core/log'
import { expect, test } from 'vitest'
import { createTestBrowser } from './testing/test-browser.ts'
import { createTestHub, type TestHub } from './testing/test-hub.ts'
import { createHub } from './app.ts'

const password = 'a good password'

async function withPeople() {
  const hub = await createTestHub()
  const { auth, url } = hub
  const root = await auth.accounts.create({ name: 'root', admin: true, password })
  const ada = await auth.accounts.create({ name: 'ada', password })
  await auth.accounts.create({ name: 'bob', password })
  const byRoot = createCaller(url, (await auth.tokens.create(root, { note: 'root' })).secret)
  const byAda = createCaller(url, (await auth.tokens.create(ada, { note: 'ada' })).secret)
  const byNobody = createCaller(url)
  return { ...hub, ada, byRoot, byAda, byNobody }
}

function createCaller(url: string, token?: string) {
  return async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(url + path, {
      method,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      headers: { ...(token === undefined ? {} : { authorization: `token ${token}` }), ...headers },
    })
    const answer = await response.text()
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true
    return { status: response.status, headers: response.headers, json: (isJson ? JSON.parse(answer) : answer) as never }
  }
}

/** Over the administrator's socket, with no credentials at all. */
async function askSocket({ adminSocket }: TestHub, method: string, path: string, body?: unknown) {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>()
  request({ socketPath: adminSocket, method, path, headers: { host: 'localhost' } }, (answer) => {
    text(answer).then((read) => resolve({ status: answer.statusCode ?? 0, body: read }), reject)
  })
    .on('error', reject)
    .end(body === undefined ? undefined : JSON.stringify(body))
  return promise
}

test('says its version and that it lives, to anybody, with and without the slash', async () => {
  const { byNobody } = await withPeople()
  for (const path of ['/hub/api', '/hub/api/'])
    expect(await byNobody('GET', path)).toMatchObject({ status: 200, json: { version: expect.stringMatching(/^6\./) } })
  expect(await byNobody('GET', '/hub/api/health')).toMatchObject({ status: 200, json: {} })
})

test('shows users as JupyterHub does', async () => {
  const { byAda, byRoot, byNobody, servers, ada } = await withPeople()
  expect((await byNobody('GET', '/hub/api/user')).status).toBe(403)
  const stopped = await byAda('GET', '/hub/api/user')
  expect(stopped).toMatchObject({
    status: 200,
    json: {
      kind: 'user',
      name: 'ada',
      admin: false,
      roles: ['user'],
      groups: [],
      server: null,
      pending: null,
      servers: {},
    },
  })
  expect((stopped.json as { scopes: string[] }).scopes).toContain('access:servers!user=ada')

  const started = new Date('2026-11-23T10:00:00Z')
  servers.set(ada.id, { phase: 'starting', started, lastActivity: null, options: { cores: 2 } })
  expect((await byAda('GET', '/hub/api/users/ada?include_stopped_servers')).json).toMatchObject({
    server: null,
    pending: 'spawn',
    servers: {
      '': { name: '', ready: false, stopped: false, pending: 'spawn', url: '/user/ada/', user_options: { cores: 2 } },
    },
  })
  servers.set(ada.id, { phase: 'running', started, lastActivity: started, options: {} })
  expect((await byAda('GET', '/hub/api/users/ada')).json).toMatchObject({
    server: '/user/ada/',
    servers: {
      '': {
        ready: true,
        progress_url: '/hub/api/users/ada/server/progress',
        started: '2026-11-23T10:00:00.000Z',
        last_activity: '2026-11-23T10:00:00.000Z',
      },
    },
  })
  expect((await byAda('GET', '/hub/api/users/bob')).status).toBe(404)
  expect((await byAda('GET', '/hub/api/users/nobody')).status).toBe(404)
  expect((await byAda('GET', '/hub/api/users')).status).toBe(403)
  expect((await byRoot('GET', '/hub/api/users/nobody')).status).toBe(404)
  const { json } = await byRoot('GET', '/hub/api/users')
  expect((json as Array<{ name: string }>).map((user) => user.name)).toEqual(['ada', 'bob', 'root'])
})

test('an administrator adds users; bad names and passwords are named', async () => {
  const { byRoot, byAda, url } = await withPeople()
  expect((await byAda('POST', '/hub/api/users/eve')).status).toBe(403)
  expect(await byRoot('POST', '/hub/api/users/eve')).toMatchObject({ status: 201, json: { name: 'eve', admin: false } })
  expect(await byRoot('POST', '/hub/api/users/eve')).toMatchObject({ status: 409, json: { code: 'conflict' } })
  expect(await byRoot('POST', '/hub/api/users/zoe', { admin: true, password })).toMatchObject({
    status: 201,
    json: { admin: true, roles: ['admin', 'user'] },
  })
  expect((await createTestBrowser(url).signIn('zoe', password)).status).toBe(302)
  for (const name of ['x'.repeat(65), 'x'.repeat(300), 'Ada', '.x', 'a%2Fb', 'a%20b', '%00', 'ä', '-a', 'a-'])
    expect(await byRoot('POST', `/hub/api/users/${name}`), name).toMatchObject({
      status: 400,
      json: { code: 'bad-request', mend: expect.stringContaining('user name') as string },
    })
  expect(await byRoot('POST', `/hub/api/users/${'x'.repeat(301)}`)).toMatchObject({
    status: 400,
    json: { message: expect.stringContaining('name (path)') as string },
  })
  expect(await byRoot('POST', '/hub/api/users/kim', { password: 'short' })).toMatchObject({
    status: 400,
    json: { message: expect.stringContaining('at least 8') as string },
  })
  expect(await byRoot('POST', '/hub/api/users/kim', { admin: 'yes' })).toMatchObject({
    status: 400,
    json: { message: expect.stringContaining('admin (body)') as string },
  })
  expect((await byRoot('GET', '/hub/api/users/kim')).status).toBe(404)
})

test('removing a user stops the server, sets the home aside and frees the name but not the number', async () => {
  const { byRoot, byAda, auth, ada, servers, removed, putAside, url } = await withPeople()
  const browser = createTestBrowser(url)
  await browser.signIn('ada', password)
  servers.set(ada.id, { phase: 'running', started: null, lastActivity: null, options: {} })
  expect((await byAda('DELETE', '/hub/api/users/ada')).status).toBe(403)
  expect((await byRoot('DELETE', '/hub/api/users/root')).status).toBe(400)
  expect((await byRoot('DELETE', '/hub/api/users/ada')).status).toBe(204)
  expect([removed, putAside]).toEqual([['ada'], ['ada']])
  expect((await byRoot('DELETE', '/hub/api/users/ada')).status).toBe(404)
  expect((await browser.get('/api/v1/account')).status).toBe(401)
  expect((await byAda('GET', '/hub/api/user')).status).toBe(403)
  expect((await createTestBrowser(url).signIn('ada', password)).status).toBe(403)
  await byRoot('POST', '/hub/api/users/ada')
  expect((await auth.accounts.find('ada'))?.id).toBeGreaterThan(ada.id + 1)
})

test('a removal that failed half way lets nobody in and can be asked for again', async () => {
  const { auth, url, folder } = await createTestHub()
  await auth.accounts.create({ name: 'ada', password })
  let isBroken = true
  const broken = await createHub({
    auth,
    log: createSilentLogger(),
    trustProxy: false,
    servers: { of: () => null, refresh: async () => {}, ensureStarted: async () => false, remove: async () => {} },
    homes: {
      async setAside() {
        if (isBroken) throw new Error('the disk is gone')
      },
    },
    proxy: { request: () => {}, upgrade: () => {} },
    routes: [],
    portalDir: folder,
  })
  expect((await broken.inject({ method: 'DELETE', url: '/hub/api/users/ada' })).status).toBe(500)
  expect((await createTestBrowser(url).signIn('ada', password)).status).toBe(403)
  expect((await broken.inject({ method: 'POST', url: '/hub/api/users/ada' })).status).toBe(409)
  expect(
    (await broken.inject({ method: 'PUT', url: '/api/v1/users/ada/password', body: JSON.stringify({ password }) }))
      .status,
  ).toBe(409)
  expect((await broken.inject({ method: 'POST', url: '/hub/api/users/ada/tokens' })).status).toBe(409)
  isBroken = false
  expect((await broken.inject({ method: 'DELETE', url: '/hub/api/users/ada' })).status).toBe(204)
  expect((await broken.inject({ method: 'POST', url: '/hub/api/users/ada' })).status).toBe(201)
  await broken.close()
})

test('a token lives from its creation to its end', async () => {
  const { byAda, byRoot, byNobody, url, pass, auth } = await withPeople()
  const created = await byAda('POST', '/hub/api/users/ada/tokens', { note: 'my laptop', expires_in: 3600 })
  expect(created).toMatchObject({
    status: 201,
    json: { kind: 'api_token', user: 'ada', note: 'my laptop', last_activity: null },
  })
  const { token, id } = created.json as { token: string; id: string }
  const byToken = createCaller(url, token)
  expect((await byToken('GET', '/hub/api/user')).status).toBe(200)
  const listed = (await byAda('GET', '/hub/api/users/ada/tokens')).json as { api_tokens: Array<{ id: string }> }
  expect(listed.api_tokens.map((each) => each.id)).toContain(id)
  expect(JSON.stringify(listed)).not.toContain(token)
  expect((await byAda('GET', `/hub/api/users/ada/tokens/${id}`)).json).toMatchObject({ id, note: 'my laptop' })
  expect((await byNobody('GET', `/hub/api/users/ada/tokens/${id}`)).status).toBe(403)

  expect((await byRoot('DELETE', `/hub/api/users/bob/tokens/${id}`)).status).toBe(404)
  expect((await byToken('GET', '/hub/api/user')).status).toBe(200)
  expect((await byAda('DELETE', `/hub/api/users/ada/tokens/${id}`)).status).toBe(204)
  expect((await byToken('GET', '/hub/api/user')).status).toBe(403)
  expect((await byAda('DELETE', `/hub/api/users/ada/tokens/${id}`)).status).toBe(404)

  const brief = (await byAda('POST', '/hub/api/users/ada/tokens', { expires_in: 60 })).json as { token: string }
  const byBrief = createCaller(url, brief.token)
  expect((await byBrief('GET', '/hub/api/user')).status).toBe(200)
  pass(61)
  expect((await byBrief('GET', '/hub/api/user')).status).toBe(403)
  for (const body of [
    { expires_in: 0 },
    { expires_in: 'x' },
    { expires_in: 1e300 },
    { note: 'x'.repeat(301) },
    [],
    'x',
  ])
    expect((await byAda('POST', '/hub/api/users/ada/tokens', body)).status, JSON.stringify(body)).toBe(400)
  expect((await byAda('POST', '/hub/api/users/bob/tokens')).status).toBe(403)
  expect((await byRoot('POST', '/hub/api/users/bob/tokens')).json).toMatchObject({ note: 'Requested via api by root' })
  await auth.close()
})

test('a token is used by each request, and its user is active where something is done', async () => {
  const { auth, url } = await createTestHub()
  const ada = await auth.accounts.create({ name: 'ada', password })
  const { token, secret } = await auth.tokens.create(ada, { note: '' })
  const call = createCaller(url, secret)
  const polls = ['/hub/api/user', '/api/v1/server', '/user/ada/api/kernels']
  for (const path of polls) await call('GET', path)
  await call('POST', '/user/ada/api/kernels')
  await auth.close()
  expect((await auth.tokens.find(ada, token.id))?.lastActivity).toBeInstanceOf(Date)
  expect((await auth.accounts.find('ada'))?.lastActivity).toBeNull()
  await call('POST', '/hub/api/users/ada/tokens')
  await auth.close()
  const opened = (await auth.accounts.find('ada'))?.lastActivity
  expect(opened).toBeInstanceOf(Date)
  // What a server tells of a time before counts for nothing.
  auth.identities.active(ada.id, new Date('2020-01-01'))
  await auth.close()
  expect((await auth.accounts.find('ada'))?.lastActivity).toEqual(opened)
})

test('a user is active when their server is', async () => {
  const { byRoot, ada, servers } = await withPeople()
  const lastActivity = new Date('2100-01-01T00:00:00.000Z')
  servers.set(ada.id, { phase: 'running', started: null, lastActivity, options: {} })
  expect((await byRoot('GET', '/hub/api/users/ada')).json).toMatchObject({ last_activity: lastActivity.toISOString() })
})

test('users are listed by the state of their servers, and in pages for who asks for them', async () => {
  const { byRoot, auth, ada, servers, url } = await withPeople()
  const bob = await auth.accounts.find('bob')
  servers.set(ada.id, { phase: 'running', started: null, lastActivity: null, options: {} })
  servers.set(bob?.id ?? 0, { phase: 'starting', started: null, lastActivity: null, options: {} })
  const names = async (query: string): Promise<string[]> =>
    ((await byRoot('GET', `/hub/api/users${query}`)).json as Array<{ name: string }>).map(({ name }) => name)
  expect(await names('')).toEqual(['ada', 'bob', 'root'])
  expect(await names('?state=ready')).toEqual(['ada'])
  expect(await names('?state=active')).toEqual(['ada', 'bob'])
  expect(await names('?state=inactive')).toEqual(['root'])
  expect(await names('?offset=1&limit=1')).toEqual(['bob'])
  for (const query of ['state=sleepy', 'limit=0', 'offset=-1'])
    expect((await byRoot('GET', `/hub/api/users?${query}`)).status, query).toBe(400)

  const paged = { accept: 'application/jupyterhub-pagination+json' }
  const next = `${url}/hub/api/users?state=active&offset=1&limit=1`
  expect((await byRoot('GET', '/hub/api/users?state=active&limit=1', undefined, paged)).json).toMatchObject({
    items: [{ name: 'ada' }],
    _pagination: { offset: 0, limit: 1, total: 2, next: { offset: 1, limit: 1, url: next } },
  })
  expect((await byRoot('GET', next.slice(url.length), undefined, paged)).json).toMatchObject({
    items: [{ name: 'bob' }],
    _pagination: { offset: 1, limit: 1, total: 2, next: null },
  })
  const { json } = await byRoot('GET', '/hub/api/users?limit=1000', undefined, paged)
  expect(json).toMatchObject({ _pagination: { limit: 200, next: null } })
})

test('a token for name and password, as editors ask for it', async () => {
  const { byNobody, url } = await withPeople()
  const post = (name: string, auth: unknown, headers = {}) =>
    byNobody('POST', `/hub/api/users/${name}/tokens`, { auth, note: 'Requested by an editor' }, headers)
  const created = await post('ada', { username: 'ada', password }, { 'content-type': 'text/plain;charset=UTF-8' })
  expect(created).toMatchObject({ status: 201, json: { user: 'ada', note: 'Requested by an editor' } })
  const { token, id } = created.json as { token: string; id: string }
  const byToken = createCaller(url, token)
  expect((await byToken('GET', '/hub/api/users/ada')).json).toMatchObject({ name: 'ada' })
  expect((await byToken('DELETE', `/hub/api/users/ada/tokens/${id}`)).status).toBe(204)

  expect((await post('ada', { username: 'ada', password: 'wrong' })).status).toBe(403)
  expect((await post('bob', { username: 'ada', password })).status).toBe(403)
  expect((await post('bob', { username: 'root', password })).status).toBe(201)
  expect((await post('ada', undefined)).status).toBe(403)
  expect((await post('ada', { username: 'ada' })).status).toBe(400)
  const wrong = await post('ada', { username: 'ada', password: 'wrong' })
  const unknown = await post('nobody', { username: 'nobody', password: 'wrong' })
  expect(unknown).toMatchObject({ status: wrong.status, json: wrong.json })
})

test('a browser makes a token with its proof only', async () => {
  const { url } = await withPeople()
  const browser = createTestBrowser(url)
  await browser.signIn('ada', password)
  expect((await browser.call('POST', '/hub/api/users/ada/tokens', { note: 'x' })).status).toBe(201)
  const wrong = await browser.call('POST', '/hub/api/users/ada/tokens', { note: 'x' }, { 'x-xsrftoken': 'x' })
  expect(wrong.status).toBe(403)
  expect(await wrong.json()).toMatchObject({ mend: expect.stringContaining('X-XSRFToken') as string })
  const form = await browser.call('POST', '/hub/api/users/ada/tokens', { note: 'x' }, { 'content-type': 'text/plain' })
  expect(form.status).toBe(400)
})

test('finds people to share with', async () => {
  const { byAda, auth } = await withPeople()
  for (let count = 0; count < 12; count += 1) await auth.accounts.create({ name: `sam${count}` })
  const find = async (query: string) =>
    (await byAda('GET', `/api/v1/people?query=${query}`)).json as Array<{ name: string }>
  expect(await find('b')).toEqual([{ name: 'bob' }])
  expect(await find('B')).toEqual([{ name: 'bob' }])
  expect(await find('a')).toEqual([])
  expect(await find('sam')).toHaveLength(10)
  expect(await find('%25')).toEqual([])
  expect((await byAda('GET', '/api/v1/people')).status).toBe(400)
  expect((await byAda('GET', '/api/v1/people?query=a&query=b')).status).toBe(400)
})

test('the administrator’s socket needs no credentials, and only its owner can open it', async () => {
  const hub = await withPeople()
  expect((await stat(hub.adminSocket)).mode & 0o777).toBe(0o600)
  expect((await askSocket(hub, 'GET', '/hub/api/users')).status).toBe(200)
  expect((await askSocket(hub, 'POST', '/hub/api/users/eve', { password })).status).toBe(201)
  expect((await askSocket(hub, 'PUT', '/api/v1/users/eve/password', { password: 'another password' })).status).toBe(204)
  expect((await createTestBrowser(hub.url).signIn('eve', 'another password')).status).toBe(302)
  const token = JSON.parse((await askSocket(hub, 'POST', '/hub/api/users/eve/tokens')).body) as { note: string }
  expect(token.note).toBe('Requested via api by local administrator')
  expect((await askSocket(hub, 'DELETE', '/hub/api/users/eve')).status).toBe(204)
  // It has no account: no home, and no way into a server.
  expect((await askSocket(hub, 'GET', '/api/v1/account')).status).toBe(403)
  expect((await askSocket(hub, 'GET', '/user/ada/api')).status).toBe(403)
  // What comes over the network is never taken for it.
  expect((await fetch(`${hub.url}/hub/api/users`)).status).toBe(403)
})

test('the same routes in this process', async () => {
  const { hub } = await createTestHub()
  const answer = await hub.inject({ method: 'POST', url: '/hub/api/users/eve', body: JSON.stringify({ admin: true }) })
  expect(answer.status).toBe(201)
  expect(JSON.parse(answer.body)).toMatchObject({ name: 'eve', admin: true })
  expect((await hub.inject({ method: 'GET', url: '/hub/api/users/nobody' })).status).toBe(404)
})

test('bad bodies are refused with a reason, and the service goes on', async () => {
  const { byRoot, byNobody, port, url } = await withPeople()
  const post = (body: string, headers = {}) => byRoot('POST', '/hub/api/users/kim', body, headers)
  expect(await post('{"admin": tru')).toMatchObject({ status: 400, json: { message: 'The body is no valid JSON.' } })
  expect((await post('[1]')).status).toBe(400)
  expect((await post('"x"')).status).toBe(400)
  expect((await post('{"__proto__": {"admin": true}}')).json).toMatchObject({ admin: false })
  expect((await post('{}', { 'content-encoding': 'gzip' })).status).toBe(400)
  // Who needs no account has no business with long bodies.
  const long = JSON.stringify({ auth: { username: 'ada', password: 'x'.repeat(17_000) } })
  const refused = await byNobody('POST', '/hub/api/users/ada/tokens', long)
  expect(refused).toMatchObject({ status: 413, json: { code: 'too-large' } })
  expect(await post(`{"note": "${'x'.repeat(1_100_000)}"}`)).toMatchObject({ status: 413, json: { code: 'too-large' } })
  const deep = '['.repeat(100_000) + ']'.repeat(100_000)
  expect((await post(deep)).status).toBe(400)
  const notText = await fetch(`${url}/hub/api/users/ada/tokens`, {
    method: 'POST',
    body: Buffer.from([0xff, 0xfe, 0x7b]),
  })
  expect(notText.status).toBe(400)
  const form = await fetch(`${url}/hub/login`, {
    method: 'POST',
    body: new URLSearchParams({ username: 'x'.repeat(20_000) }),
  })
  expect(form.status).toBe(413)

  // A body that is cut off reaches nobody.
  const socket = connect(port, '127.0.0.1')
  socket.end(
    'POST /hub/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nusername=',
  )
  expect(await text(socket)).not.toContain('500')
  expect((await byNobody('GET', '/hub/api/health')).status).toBe(200)
})

test('errors are JSON for programs and pages for people, and say nothing of the inside', async () => {
  const { url, byNobody } = await withPeople()
  expect(await byNobody('GET', '/nowhere')).toMatchObject({
    status: 404,
    json: { status: 404, code: 'not-found', reason: null },
  })
  expect((await byNobody('PATCH', '/hub/api/users/ada')).status).toBe(404)
  const browser = createTestBrowser(url)
  const page = await browser.get('/nowhere/<script>')
  expect(page.status).toBe(404)
  expect(page.headers.get('content-type')).toContain('text/html')
  expect(page.headers.get('x-content-type-options')).toBe('nosniff')
  expect(await page.text()).toContain('There is nothing here')
  expect((await browser.get('/hub/api/users')).headers.get('content-type')).toContain('json')
})

test('the API describes itself', async () => {
  const { byNobody } = await withPeople()
  const { status, json } = await byNobody('GET', '/api/v1/openapi.json')
  expect(status).toBe(200)
  const { openapi, paths } = json as { openapi: string; paths: Record<string, Record<string, { responses: object }>> }
  expect(openapi).toBe('3.1.0')
  expect(Object.keys(paths['/hub/api/users/{name}/tokens']?.['post']?.responses ?? {})).toContain('201')
})

test('old addresses of JupyterHub lead to what they mean', async () => {
  const { url } = await createTestHub()
  const browser = createTestBrowser(url)
  for (const [from, to] of [
    ['/hub/home', '/'],
    ['/hub/', '/'],
    ['/logout', '/hub/logout'],
  ])
    expect((await browser.get(from ?? '')).headers.get('location')).toBe(to)
})

test('a link that may be sent to anybody leads to one’s own server, and starts it first', async () => {
  const { url, servers, started, ada, auth } = await withPeople()
  const browser = createTestBrowser(url)
  const where = async (path: string, headers = {}) => (await browser.get(path, headers)).headers.get('location')
  const link = '/hub/user-redirect/git-pull?repo=https%3A%2F%2Fexample.org%2Fx&urlpath=lab%2Ftree%2Fa%20b'
  const target = '/user/ada/git-pull?repo=https%3A%2F%2Fexample.org%2Fx&urlpath=lab%2Ftree%2Fa%20b'

  expect(await where(link)).toBe(`/hub/login?next=${encodeURIComponent(link)}`)
  expect((await browser.signIn('ada', password, link)).headers.get('location')).toBe(link)
  expect(started).toEqual([])
  // Another site may show the way, not start anything.
  const elsewhere = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
  const waiting = `/start?next=${encodeURIComponent(target)}`
  expect(await where(link, elsewhere)).toBe(waiting)
  expect(await where(link, { 'sec-purpose': 'prefetch' })).toBe(waiting)
  expect(started).toEqual([])
  expect(await where(link, { 'sec-fetch-site': 'none' })).toBe(waiting)
  expect(await where(`/hub/spawn?next=${encodeURIComponent(target)}`)).toBe(waiting)
  expect(await where(`/hub/spawn/ada?next=${encodeURIComponent(target)}`)).toBe(waiting)
  expect(started).toEqual(['ada', 'ada', 'ada'])

  servers.set(ada.id, { phase: 'running', started: null, lastActivity: null, options: {} })
  expect(await where(link, elsewhere)).toBe(target)
  expect(await where(`/hub/spawn?next=${encodeURIComponent(target)}`)).toBe(target)
  expect(await where('/hub/user-redirect')).toBe('/user/ada/')
  expect(await where('/hub/user-redirect/lab')).toBe('/user/ada/lab')
  expect(started).toHaveLength(3)
  // Nowhere else, in whatever spelling.
  for (const path of ['//evil.example/x', '/..%2f..%2fevil', '/%5cevil.example', '/\\evil.example', '/%00'])
    expect(await where(`/hub/user-redirect${path}`), path).toMatch(/^\/user\/ada\//)
  for (const next of ['https://evil.example', '//evil.example', '/\\evil.example', '/hub/logout', 'javascript:1', ''])
    expect(await where(`/hub/spawn?next=${encodeURIComponent(next)}`), next).toBe('/start')
  expect((await browser.get('/hub/spawn/bob')).status).toBe(404)
  expect(started).toHaveLength(3)

  // A token starts what its scopes let it start.
  servers.delete(ada.id)
  const { secret } = await auth.tokens.create(ada, { note: '', scopes: ['read:servers!user'] })
  const answer = await fetch(url + link, { headers: { authorization: `token ${secret}` }, redirect: 'manual' })
  expect(answer.headers.get('location')).toBe(waiting)
  expect(started).toHaveLength(3)
})
