import type { IncomingHttpHeaders } from 'node:http'
import { expect, test } from 'vitest'
import { createTestBrowser } from './testing/test-browser.ts'
import { createTestHub } from './testing/test-hub.ts'
import { createTestUpgrade, sendRaw } from './testing/test-upgrade.ts'

const password = 'a good password'

async function withAda(options: Parameters<typeof createTestHub>[0] = {}) {
  const hub = await createTestHub(options)
  const ada = await hub.auth.accounts.create({ name: 'ada', password })
  const bob = await hub.auth.accounts.create({ name: 'bob', password })
  const browser = createTestBrowser(hub.url)
  await browser.signIn('ada', password)
  const { secret: token } = await hub.auth.tokens.create(ada, { note: 'test' })
  return { ...hub, ada, bob, browser, token }
}

test('nobody reaches a server: a page leads to sign-in, a program hears 403', async () => {
  const { url } = await createTestHub()
  const page = await fetch(`${url}/user/ada/lab?x=1`, { headers: { accept: 'text/html' }, redirect: 'manual' })
  expect(page.status).toBe(302)
  expect(page.headers.get('location')).toBe('/hub/login?next=%2Fuser%2Fada%2Flab%3Fx%3D1')
  const call = await fetch(`${url}/user/ada/api/status`)
  expect(call.status).toBe(403)
  expect(await call.json()).toMatchObject({ status: 403, code: 'unauthenticated', reason: null })
  for (const cookie of ['cygnet-session=', 'cygnet-session=x', `cygnet-session=${'A'.repeat(43)}`, '=', ';;;=;', '%%%'])
    expect((await fetch(`${url}/user/ada/api/status`, { headers: { cookie } })).status).toBe(403)
})

test('only the owner reaches a server, by cookie or token; an administrator does not', async () => {
  const { url, auth, browser, token } = await withAda()
  await auth.accounts.create({ name: 'root', password, admin: true })
  const root = createTestBrowser(url)
  await root.signIn('root', password)
  for (const path of ['/user/bob/api', '/user/bob/', '/user/bob', '/user/Ada/api', '/user/ada%2f../api', '/user//api'])
    expect((await browser.get(path)).status, path).toBe(403)
  expect((await fetch(`${url}/user/bob/api`, { headers: { authorization: `token ${token}` } })).status).toBe(403)
  expect((await root.get('/user/ada/api')).status).toBe(403)
  expect(await (await browser.get('/user/ada/../bob/api')).text()).not.toContain('"name":"bob"')
  expect((await browser.get('/user/%ff/api')).status).toBe(400)
  expect((await browser.get('/user/ada?x=1')).headers.get('location')).toBe('/user/ada/?x=1')
  expect((await browser.get('/user/ada')).headers.get('location')).toBe('/user/ada/')
})

test('tokens come as Authorization, in either word; a wrong one is nobody in spite of the cookie', async () => {
  const { url, browser, token } = await withAda()
  for (const header of [`token ${token}`, `Bearer ${token}`, `TOKEN   ${token} `])
    expect(await (await fetch(`${url}/user/ada/api`, { headers: { authorization: header } })).json()).toMatchObject({
      via: 'token',
    })
  expect((await browser.get('/user/ada/api', { authorization: 'token wrong' })).status).toBe(403)
  expect(await (await browser.get('/user/ada/api', { authorization: 'Basic YTpi' })).json()).toMatchObject({
    via: 'cookie',
  })
  // A cookie's secret is no token, and a token is no cookie's.
  const secret = browser.cookies.get('cygnet-session') ?? ''
  expect((await fetch(`${url}/user/ada/api`, { headers: { authorization: `token ${secret}` } })).status).toBe(403)
  expect((await fetch(`${url}/user/ada/api`, { headers: { cookie: `cygnet-session=${token}` } })).status).toBe(403)
})

test('a token in the address is taken for servers only, and goes no further', async () => {
  const { url, token, logged } = await withAda()
  const visit = await fetch(`${url}/user/ada/api/x?a=%20&token=${token}&b=2`)
  expect(await visit.json()).toMatchObject({ via: 'token', url: '/user/ada/api/x?a=%20&b=2' })
  const alone = await fetch(`${url}/user/ada/api?token=${token}`)
  expect(await alone.json()).toMatchObject({ url: '/user/ada/api' })
  for (const path of ['/api/v1/account', '/hub/api/user', '/hub/api/users/ada', '/'])
    expect((await fetch(`${url}${path}?token=${token}`, { redirect: 'manual' })).status, path).not.toBe(200)
  expect((await fetch(`${url}/user/ada/api?token=wrong`)).status).toBe(403)
  expect((await fetch(`${url}/user/ada/api?xtoken=${token}`)).status).toBe(403)
  expect((await fetch(`${url}/user/ada/api/token=${token}`)).status).toBe(403)
  expect(logged.join('')).not.toContain(token)
})

test('a link with a stranger’s token shows nobody the stranger’s pages', async () => {
  const { url, bob, auth, browser, token } = await withAda()
  const { secret: strange } = await auth.tokens.create(bob, { note: 'test' })
  const page = `/user/bob/api?token=${strange}`
  // Who is signed in stays who they are, whatever the address says.
  expect((await browser.get(page)).status).toBe(403)
  expect((await fetch(url + page)).status).toBe(200)
  for (const destination of [
    'document',
    'iframe',
    'embed',
    'object',
    'script',
    'style',
    'worker',
    'serviceworker',
    'image',
  ])
    expect((await fetch(url + page, { headers: { 'sec-fetch-dest': destination } })).status, destination).toBe(403)
  expect((await fetch(url + page, { headers: { 'sec-fetch-dest': 'empty' } })).status).toBe(200)
  const own = await browser.get(`/user/ada/api?x=1&token=${token}`, {
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
  })
  expect(await own.json()).toMatchObject({ via: 'cookie', url: '/user/ada/api?x=1' })
})

test('a cookie that a page set for its own path signs nobody out', async () => {
  const { url, browser } = await withAda()
  const [session, xsrf] = ['cygnet-session', '_xsrf'].map((name) => browser.cookies.get(name) ?? '')
  const cookie = `cygnet-session=planted; _xsrf=planted; cygnet-session=${session}; _xsrf=${xsrf}`
  const save = (token: string) =>
    fetch(`${url}/user/ada/api`, { method: 'POST', headers: { cookie, origin: url, 'x-xsrftoken': token } })
  expect((await fetch(`${url}/user/ada/api`, { headers: { cookie } })).status).toBe(200)
  expect((await save(xsrf ?? '')).status).toBe(200)
  expect((await save('wrong')).status).toBe(403)
})

test('what changes something by cookie proves where it comes from', async () => {
  const { url, browser, token } = await withAda()
  const xsrf = browser.cookies.get('_xsrf') ?? ''
  const own = { origin: url, 'x-xsrftoken': xsrf }
  const tries: Array<[number, Record<string, string>, string?]> = [
    [200, own],
    [200, { 'sec-fetch-site': 'same-origin', 'x-xsrftoken': xsrf }],
    [200, { 'x-xsrftoken': xsrf }],
    [200, { origin: url }, `?_xsrf=${xsrf}`],
    [200, { ...own, referer: 'https://evil.example/' }],
    [403, { origin: url }],
    [403, { origin: url, 'x-xsrftoken': '' }],
    [403, { origin: url, 'x-xsrftoken': 'wrong' }],
    [403, { ...own, origin: 'https://evil.example' }],
    [403, { ...own, origin: 'null' }],
    [403, { ...own, origin: `${url}0` }],
    [403, { ...own, origin: `http://evil.example?${url}` }],
    [403, { 'sec-fetch-site': 'cross-site', 'x-xsrftoken': xsrf }],
    [403, { 'sec-fetch-site': 'same-site', 'x-xsrftoken': xsrf }],
    [403, { referer: 'https://evil.example/', 'x-xsrftoken': xsrf }],
  ]
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
    for (const [status, headers, query = ''] of tries) {
      const cookie = `cygnet-session=${browser.cookies.get('cygnet-session')}; _xsrf=${xsrf}`
      const answer = await fetch(`${url}/user/ada/api/kernels${query}`, { method, headers: { ...headers, cookie } })
      expect(answer.status, `${method} ${JSON.stringify(headers)} ${query}`).toBe(status)
    }
  const session = `cygnet-session=${browser.cookies.get('cygnet-session')}`
  for (const cookie of [session, `${session}; _xsrf=`, `${session}; _xsrf=""`])
    for (const field of ['', 'x'])
      expect(
        (await fetch(`${url}/user/ada/api`, { method: 'POST', headers: { cookie, 'x-xsrftoken': field } })).status,
      ).toBe(403)
  const byToken = await fetch(`${url}/user/ada/api`, {
    method: 'POST',
    headers: { authorization: `token ${token}`, origin: 'https://notebook.example' },
  })
  expect(byToken.status).toBe(200)
})

test('other sites read nothing by the cookie, but their links lead in', async () => {
  const { browser } = await withAda()
  const from = { 'sec-fetch-site': 'cross-site' }
  const link = { ...from, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
  expect((await browser.get('/user/ada/lab', link)).status).toBe(200)
  expect((await browser.get('/', link)).status).toBe(200)
  for (const headers of [
    { ...from, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' },
    { ...from, 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', origin: 'https://evil.example' },
    { ...from, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
    { origin: 'https://evil.example' },
  ]) {
    const answer = await browser.get('/user/ada/api/contents', { ...headers, accept: '*/*' })
    expect([403, 302], JSON.stringify(headers)).toContain(answer.status)
    expect((await browser.get('/api/v1/account', { ...headers, accept: '*/*' })).status).not.toBe(200)
  }
})

test('behind a proxy, its address for the service counts as the service’s own', async () => {
  const { url, browser } = await withAdaBehindProxy()
  const xsrf = browser.cookies.get('_xsrf') ?? ''
  const post = async (headers: Record<string, string>): Promise<number> =>
    (await browser.call('POST', '/user/ada/api', {}, { 'x-xsrftoken': xsrf, ...headers })).status
  expect(await post({ origin: 'https://lab.example.org' })).toBe(200)
  expect(await post({ origin: url })).toBe(200)
  expect(await post({ origin: 'http://lab.example.org' })).toBe(403)
  expect(await post({ origin: 'https://lab.example.org:8443' })).toBe(403)
  expect(
    await post({ origin: 'https://other.example', 'x-forwarded-host': 'other.example', 'x-forwarded-proto': 'https' }),
  ).toBe(403)
})

async function withAdaBehindProxy() {
  const hub = await createTestHub({ publicUrl: 'https://lab.example.org/' })
  await hub.auth.accounts.create({ name: 'ada', password })
  const browser = createTestBrowser(hub.url)
  await browser.signIn('ada', password)
  return { ...hub, browser }
}

test('a trusted proxy tells the scheme, the host and the last address', async () => {
  const { url, browser } = await withAda({ trustProxy: true, signIn: { attempts: 1 } })
  const xsrf = browser.cookies.get('_xsrf') ?? ''
  const forwarded = { 'x-forwarded-host': 'lab.example.org', 'x-forwarded-proto': 'https' }
  const answer = await browser.call(
    'POST',
    '/user/ada/api',
    {},
    { ...forwarded, origin: 'https://lab.example.org', 'x-xsrftoken': xsrf },
  )
  expect(answer.status).toBe(200)
  const fail = async (address: string): Promise<number> => {
    const body = JSON.stringify({ auth: { username: 'bob', password: 'wrong' } })
    const headers = { 'x-forwarded-for': address }
    return (await fetch(`${url}/hub/api/users/bob/tokens`, { method: 'POST', body, headers })).status
  }
  expect(await fail('9.9.9.9, 10.0.0.1')).toBe(403)
  // Whoever invents what comes before is still the same.
  expect(await fail('8.8.8.8, 10.0.0.1')).toBe(429)
  expect(await fail('9.9.9.9, 10.0.0.2')).toBe(403)
  expect(await fail('2001:db8::1')).toBe(403)
  expect(await fail('2001:db8:0:0:ffff::2')).toBe(429)
  expect(await fail('2001:db8:0:1::2')).toBe(403)
})

test('a session cannot speak for the trusted proxy', async () => {
  const seen: IncomingHttpHeaders[] = []
  const { hub, url, browser } = await withAda({
    trustProxy: true,
    signIn: { attempts: 1 },
    proxy: {
      request: (request, response) => {
        seen.push(request.headers)
        response.end()
      },
      upgrade: (request, socket) => {
        seen.push(request.headers)
        socket.end('HTTP/1.1 204 No Content\r\n\r\n')
      },
    },
  })
  const { port } = await hub.listenForSessions(0)
  const inner = `http://127.0.0.1:${port}`
  const forged = { 'x-forwarded-for': '10.0.0.1', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' }
  const fail = async (at: string, name: string, address: string): Promise<number> => {
    const body = JSON.stringify({ auth: { username: name, password: 'wrong' } })
    const headers = { ...forged, 'x-forwarded-for': address }
    return (await fetch(`${at}/hub/api/users/${name}/tokens`, { method: 'POST', body, headers })).status
  }
  expect(await fail(inner, 'bob', '10.0.0.1')).toBe(403)
  expect(await fail(inner, 'bob', '10.0.0.2')).toBe(429)
  // Nobody else's tries are used up by that, and the proxy is believed as before.
  expect(await fail(url, 'bob', '10.0.0.1')).toBe(403)
  expect(await fail(url, 'bob', '10.0.0.2')).toBe(403)
  expect(await fail(url, 'bob', '10.0.0.2')).toBe(429)

  const cookie = `cygnet-session=${browser.cookies.get('cygnet-session')}`
  expect((await fetch(`${inner}/user/ada/api`, { headers: { ...forged, cookie } })).status).toBe(200)
  const origin = { origin: 'https://evil.example' }
  const path = '/user/ada/api/kernels/1/channels'
  const open = async (headers: Record<string, string>): Promise<string> =>
    (await createTestUpgrade(port, path, { ...forged, cookie, ...headers })).first
  expect(await open({})).toMatch(/^HTTP\/1\.1 204 /)
  expect(await open(origin)).toMatch(/^HTTP\/1\.1 403 /)
  expect(seen).toHaveLength(2)
  for (const headers of seen) expect(Object.keys(headers).filter((name) => name.includes('forwarded'))).toEqual([])
})

test('upgrades meet the same gate', async () => {
  const { url, port, browser, token } = await withAda()
  const cookie = `cygnet-session=${browser.cookies.get('cygnet-session')}`
  const open = (path: string, headers: Record<string, string>): Promise<string> =>
    createTestUpgrade(port, path, headers).then((upgrade) => upgrade.first)
  const path = '/user/ada/api/kernels/1/channels'
  expect(await open(`${path}?session_id=1`, { cookie, origin: url })).toContain(`ada cookie ${path}?session_id=1`)
  expect(await open(path, { cookie })).toContain('ada cookie')
  expect(await open(path, { authorization: `token ${token}` })).toContain('ada token')
  expect(await open(`${path}?token=${token}&a=1`, { origin: 'https://elsewhere.example' })).toContain(
    `ada token ${path}?a=1`,
  )
  expect(await open(path, { cookie, origin: 'https://evil.example' })).toMatch(/^HTTP\/1\.1 403 /)
  expect(await open(path, { cookie, origin: 'null' })).toMatch(/^HTTP\/1\.1 403 /)
  expect(await open(path, { cookie, 'sec-fetch-site': 'cross-site' })).toMatch(/^HTTP\/1\.1 403 /)
  expect(await open(path, {})).toMatch(/^HTTP\/1\.1 403 /)
  expect(await open('/user/bob/api', { cookie })).toMatch(/^HTTP\/1\.1 403 /)
  expect(await open('/user/%ff/api', { cookie })).toMatch(/^HTTP\/1\.1 400 /)
  expect(await open('/api/v1/account', { cookie })).toMatch(/^HTTP\/1\.1 404 /)
})

test('a connection ends with the session or token it lives on, and no other does', async () => {
  const { auth, ada, bob, port, browser, token, url } = await withAda()
  const cookie = `cygnet-session=${browser.cookies.get('cygnet-session')}`
  const second = await auth.tokens.create(ada, { note: '' })
  const open = (headers: Record<string, string>, name = 'ada') => createTestUpgrade(port, `/user/${name}/api`, headers)
  const byCookie = await open({ cookie })
  const byToken = await open({ authorization: `token ${token}` })
  const bySecond = await open({ authorization: `token ${second.secret}` })
  const other = createTestBrowser(url)
  await other.signIn('bob', password)
  const ofBob = await open({ cookie: `cygnet-session=${other.cookies.get('cygnet-session')}` }, 'bob')

  await auth.tokens.revoke(ada, second.token.id)
  await bySecond.closed
  await browser.call('POST', '/hub/logout')
  await byCookie.closed
  expect(await byToken.echo('still there')).toBe('still there')
  await auth.accounts.setPassword(ada, 'another password')
  expect(await byToken.echo('still here')).toBe('still here')
  await auth.accounts.setPassword(bob, 'another password')
  await ofBob.closed
  await auth.accounts.beginRemoval(ada)
  await byToken.closed
})

test('nothing malformed is more than a 4xx', async () => {
  const { port } = await withAda()
  const lines = [
    'GET /%zz HTTP/1.1\r\nHost: x',
    'GET /user/%zz/ HTTP/1.1\r\nHost: x',
    'GET http://other.example/hub/api HTTP/1.1\r\nHost: a b@c:/[',
    'GET //evil.example/ HTTP/1.1\r\nHost: x',
    'GET ftp://x/ HTTP/1.1\r\nHost: x',
    'OPTIONS * HTTP/1.1\r\nHost: x',
    'GET /hub/login HTTP/1.1\r\nHost: ]]]\r\nCookie: \xff\xfe=%%;;=;_xsrf\r\nOrigin: :::',
    'GET /files/%c0%af HTTP/1.1\r\nHost: x',
    'DELETE /hub/api/users/%00/tokens/%2f HTTP/1.1\r\nHost: x',
    'GET /hub/first?token=%ff%00 HTTP/1.1\r\nHost: x',
    'GET /?%ff=%zz HTTP/1.1\r\nHost: x\r\nAuthorization: token \xff',
    `GET /user/${'a'.repeat(9000)}/ HTTP/1.1\r\nHost: x`,
    `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(40_000)}`,
    `GET / HTTP/1.1\r\nHost: x\r\n${Array.from({ length: 3000 }, (_, index) => `X-${index}: y`).join('\r\n')}`,
    'GET / HTTP/1.1',
    'GET / HTTP/1.1\r\nHost: x\r\nHost: y',
    'nonsense',
  ]
  for (const line of lines) {
    const answer = await sendRaw(port, `${line}\r\nConnection: close\r\n\r\n`)
    expect(answer, line.slice(0, 80)).toMatch(/^HTTP\/1\.1 [234]\d\d /)
  }
  const inFull = await sendRaw(
    port,
    'GET http://other.example/hub/api HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  )
  expect(inFull).toContain('"version"')
})

test('a connection ends when its token or session expires; a session that is used takes its own along', async () => {
  const { auth, url, port, pass } = await createTestHub({ signIn: { sessionDays: 1 } })
  const ada = await auth.accounts.create({ name: 'ada', password })
  const { secret } = await auth.tokens.create(ada, { note: '', lifetime: 3600 })
  const session = await auth.sessions.create(ada)
  const cookie = `cygnet-session=${session}`
  const path = '/user/ada/api/kernels/1/channels'
  const byToken = await createTestUpgrade(port, path, { authorization: `token ${secret}` })
  const byCookie = await createTestUpgrade(port, path, { cookie, origin: url })
  expect([byToken.first, byCookie.first].map((first) => first.split(' ', 2)[1])).toEqual(['101', '101'])
  pass(3601)
  await byToken.closed
  for (let day = 0; day < 2; day += 1) {
    pass(80_000)
    expect((await fetch(`${url}/user/ada/api/status`, { headers: { cookie } })).status).toBe(200)
    expect(await byCookie.echo('still there\n')).toBe('still there\n')
  }
  pass(86_401)
  await byCookie.closed
})

test('a token without the way into servers opens none', async () => {
  const { auth, url, port } = await createTestHub()
  const ada = await auth.accounts.create({ name: 'ada', password })
  const make = async (scopes: string[]) => ({
    authorization: `token ${(await auth.tokens.create(ada, { note: '', scopes })).secret}`,
  })
  const closed = await make(['servers!user', 'read:users!user'])
  expect((await fetch(`${url}/user/ada/api/status`, { headers: closed })).status).toBe(403)
  expect((await createTestUpgrade(port, '/user/ada/api', closed)).first).toMatch(/^HTTP\/1\.1 403 /)
  const open = await make(['access:servers!server=ada/'])
  expect((await fetch(`${url}/user/ada/api/status`, { headers: open })).status).toBe(200)
  expect((await createTestUpgrade(port, '/user/ada/api', open)).first).toMatch(/^HTTP\/1\.1 101 /)
})
