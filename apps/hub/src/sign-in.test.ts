import { expect, test } from 'vitest'
import { createTestBrowser } from './testing/test-browser.ts'
import { createTestHub } from './testing/test-hub.ts'

const password = 'a good password'

test('a page without JavaScript signs in, and the session reaches the user’s own paths', async () => {
  const { auth, url } = await createTestHub()
  await auth.accounts.create({ name: 'ada', password })
  const browser = createTestBrowser(url)

  const page = await browser.get('/hub/login')
  expect(page.status).toBe(200)
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
  expect(page.headers.get('content-security-policy')).not.toContain('unsafe-inline')
  expect(page.headers.get('cache-control')).toBe('no-store')

  const answer = await browser.signIn('ada', password)
  expect(answer.status).toBe(302)
  expect(answer.headers.get('location')).toBe('/')
  expect(await (await browser.get('/')).text()).toContain('Portal')
  expect(await (await browser.get('/user/ada/api/status?a=1')).json()).toEqual({
    name: 'ada',
    url: '/user/ada/api/status?a=1',
    via: 'cookie',
    user: 'ada',
  })
  expect((await browser.get('/hub/login?next=/files')).headers.get('location')).toBe('/files')
})

test('signs in as hubtraf does: a cookie and a field, no browser’s headers', async () => {
  const { auth, url } = await createTestHub()
  await auth.accounts.create({ name: 'ada', password })
  const page = await fetch(`${url}/hub/login`)
  const [xsrf = ''] = page.headers.getSetCookie().map((line) => /^_xsrf=([^;]+)/.exec(line)?.[1] ?? '')
  expect(await page.text()).toContain(`value="${xsrf}"`)
  const body = new URLSearchParams({ username: 'ada', password, _xsrf: xsrf })
  const answer = await fetch(`${url}/hub/login`, {
    method: 'POST',
    body,
    headers: { cookie: `_xsrf=${xsrf}` },
    redirect: 'manual',
  })
  expect(answer.status).toBe(302)
  const cookies = answer.headers.getSetCookie().map((line) => line.split(';', 1)[0] ?? '')
  const fresh = cookies.find((cookie) => cookie.startsWith('_xsrf='))?.slice(6) ?? ''
  const kernel = await fetch(`${url}/user/ada/api/kernels`, {
    method: 'POST',
    headers: { cookie: cookies.join('; '), 'x-xsrftoken': fresh },
  })
  expect(kernel.status).toBe(200)
})

test('the session’s cookie is for the browser alone, and the other for its scripts too', async () => {
  const { auth, url } = await createTestHub()
  await auth.accounts.create({ name: 'ada', password })
  const browser = createTestBrowser(url)
  await browser.signIn('ada', password)
  const [session, xsrf] = browser.lastCookies
  expect(session).toMatch(/^cygnet-session=[\w-]{43}; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Lax$/)
  expect(xsrf).toMatch(/^_xsrf=[\w-]{43}; Max-Age=\d+; Path=\/; SameSite=Lax$/)
})

test('behind https the cookies are Secure', async () => {
  const { auth, url } = await createTestHub({ publicUrl: 'https://lab.example.org' })
  await auth.accounts.create({ name: 'ada', password })
  const browser = createTestBrowser(url)
  await browser.get('/hub/login')
  const form = { username: 'ada', password, _xsrf: browser.cookies.get('_xsrf') ?? '' }
  const answer = await browser.post('/hub/login', form, { origin: 'https://lab.example.org' })
  expect(answer.status).toBe(302)
  for (const cookie of browser.lastCookies) expect(cookie).toContain('; Secure')
})

test('a wrong name and a wrong password read the same, and the typed name stays', async () => {
  const { auth, url } = await createTestHub()
  await auth.accounts.create({ name: 'ada', password })
  await auth.accounts.create({ name: 'no-password' })
  const texts = new Set<string>()
  for (const name of ['ada', 'nobody', 'no-password', 'x'.repeat(300), '"><script>alert(1)</script>']) {
    const browser = createTestBrowser(url)
    const answer = await browser.signIn(name, 'a wrong password')
    expect(answer.status).toBe(403)
    const text = await answer.text()
    expect(text).not.toContain('<script>alert')
    texts.add(/<p id="problem"[^>]*>([^<]*)</.exec(text)?.[1]?.trim() ?? '')
    expect(text).toMatch(/aria-describedby="problem"/)
    expect(browser.cookies.has('cygnet-session')).toBe(false)
  }
  expect([...texts]).toEqual(['Name or password is wrong.'])
})

test('ten wrong passwords, and even the right one has to wait; another name does not', async () => {
  const { auth, url, pass, logged } = await createTestHub()
  await auth.accounts.create({ name: 'ada', password })
  await auth.accounts.create({ name: 'bob', password })
  const browser = createTestBrowser(url)
  for (let count = 0; count < 10; count += 1)
    expect((await browser.signIn(count % 2 === 0 ? 'ada' : ' ADA ', 'wrong')).status).toBe(403)
  const refused = await browser.signIn('ada', password)
  expect(refused.status).toBe(429)
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(200)
  expect(await refused.text()).toContain('Too many failed sign-ins')
  expect((await browser.signIn('bob', password)).status).toBe(302)

  const token = await fetch(`${url}/hub/api/users/ada/tokens`, {
    method: 'POST',
    body: JSON.stringify({ auth: { username: 'ada', password } }),
  })
  expect(token.status).toBe(429)
  expect(await token.json()).toMatchObject({ code: 'rate-limited', status: 429 })

  pass(301)
  expect((await createTestBrowser(url).signIn('ada', password)).status).toBe(302)
  expect(logged.join('')).not.toContain(password)
})

test('many wrong passwords at the same moment count like one after the other', async () => {
  const { auth, url } = await createTestHub({ signIn: { attempts: 3 } })
  await auth.accounts.create({ name: 'ada', password })
  const tries = Array.from({ length: 12 }, () => createTestBrowser(url).signIn('ada', 'wrong'))
  const statuses = (await Promise.all(tries)).map((answer) => answer.status)
  expect(statuses.filter((status) => status === 403)).toHaveLength(3)
  expect(statuses.filter((status) => status === 429)).toHaveLength(9)
})

test('one address that tries many names has to wait too', async () => {
  const { url } = await createTestHub({ signIn: { attempts: 1 } })
  const browser = createTestBrowser(url)
  for (let count = 0; count < 10; count += 1) expect((await browser.signIn(`user${count}`, 'wrong')).status).toBe(403)
  expect((await browser.signIn('user10', 'wrong')).status).toBe(429)
})

test('leads on to an address of the service and to no other', async () => {
  const { auth, url } = await createTestHub()
  await auth.accounts.create({ name: 'ada', password })
  const browser = createTestBrowser(url)
  await browser.signIn('ada', password)
  const next = async (text: string): Promise<string | null> =>
    (await browser.get(`/hub/login?next=${encodeURIComponent(text)}`)).headers.get('location')

  for (const good of ['/', '/files/a%20b?x=1#y', '/user/ada/lab/tree/a.ipynb', '/start?next=%2Fuser%2Fada%2Flab'])
    expect(await next(good)).toBe(good)
  expect(await next('/files/é')).toBe('/files/%C3%A9')
  for (const bad of [
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '\t//evil.example',
    '/\n/evil.example',
    ' //evil.example',
    'https:evil.example',
    'https://evil.example/',
    'javascript:alert(1)',
    '%2f%2fevil.example',
    '/%2f/evil.example',
    '/%5cevil.example',
    '/.//evil.example',
    '/a/..//evil.example',
    '/%2e//evil.example',
    '/\u0000/evil.example',
    '/hub/logout',
    '/hub/login?next=/hub/login',
    '/hub/first?token=x',
    `/${'a'.repeat(3000)}`,
    'files',
    '',
  ])
    expect(await next(bad), JSON.stringify(bad)).toBe('/')
  expect((await browser.get('/hub/login?next=%')).headers.get('location')).toBe('/')
  expect((await browser.get('/hub/login?next=%ff%fe')).headers.get('location')).toBe('/')
})

test('next survives the form and its mistakes', async () => {
  const { auth, url } = await createTestHub()
  await auth.accounts.create({ name: 'ada', password })
  const browser = createTestBrowser(url)
  const sent = await browser.get('/files/deep?x=1&y="')
  expect(sent.status).toBe(302)
  const login = sent.headers.get('location') ?? ''
  const wrong = await browser.signIn('ada', 'wrong', new URL(login, url).searchParams.get('next') ?? '')
  const [, action = ''] = /action="([^"]+)"/.exec(await wrong.text()) ?? []
  const answer = await browser.post(action, { username: 'ada', password, _xsrf: browser.cookies.get('_xsrf') ?? '' })
  expect(answer.headers.get('location')).toBe('/files/deep?x=1&y=%22')
})

test('the form is taken from its own page only', async () => {
  const { auth, url } = await createTestHub()
  await auth.accounts.create({ name: 'ada', password })
  const browser = createTestBrowser(url)
  await browser.get('/hub/login')
  const xsrf = browser.cookies.get('_xsrf') ?? ''
  const form = { username: 'ada', password }
  const tries: Array<[Record<string, string>, Record<string, string>]> = [
    [form, {}],
    [{ ...form, _xsrf: 'x' }, {}],
    [{ ...form, _xsrf: '' }, {}],
    [{ ...form, _xsrf: xsrf }, { origin: 'https://evil.example' }],
    [{ ...form, _xsrf: xsrf }, { origin: 'null' }],
    [{ ...form, _xsrf: xsrf }, { origin: `${url}.evil.example` }],
    [{ ...form, _xsrf: xsrf }, { origin: url.replace('http', 'https') }],
  ]
  for (const [fields, headers] of tries) {
    const answer = await browser.post('/hub/login', fields, headers)
    expect(answer.status, JSON.stringify([fields, headers])).toBe(403)
    expect(browser.cookies.has('cygnet-session')).toBe(false)
  }
  const stranger = createTestBrowser(url)
  expect((await stranger.post('/hub/login', { ...form, _xsrf: '' })).status).toBe(403)
})

test('a session that was there before is never the one signed in, and ends', async () => {
  const { auth, url } = await createTestHub()
  await auth.accounts.create({ name: 'ada', password })
  const mallory = await auth.accounts.create({ name: 'mallory', password })
  const planted = await auth.sessions.create(mallory)
  const browser = createTestBrowser(url)
  browser.cookies.set('cygnet-session', 'planted-by-another-page')
  await browser.signIn('ada', password)
  const first = browser.cookies.get('cygnet-session')
  expect(first).not.toBe('planted-by-another-page')

  browser.cookies.set('cygnet-session', planted)
  const page = await browser.get('/hub/logout')
  expect(await page.text()).toContain('mallory')
  await browser.post('/hub/login', { username: 'ada', password, _xsrf: browser.cookies.get('_xsrf') ?? '' })
  expect(browser.cookies.get('cygnet-session')).not.toBe(planted)
  expect(await auth.identities.identify('cookie', planted)).toBeNull()
})

test('signing out asks first, ends the session, and is nobody else’s to do', async () => {
  const { auth, url } = await createTestHub()
  await auth.accounts.create({ name: 'ada', password })
  const browser = createTestBrowser(url)
  await browser.signIn('ada', password)
  const secret = browser.cookies.get('cygnet-session') ?? ''
  const xsrf = browser.cookies.get('_xsrf') ?? ''

  expect((await browser.get('/user/ada/logout')).headers.get('location')).toBe('/hub/logout')
  expect(await (await browser.get('/hub/logout')).text()).toContain(`value="${xsrf}"`)
  expect((await browser.post('/hub/logout', {}, { origin: 'https://evil.example' })).status).toBe(403)
  expect((await browser.post('/hub/logout', { _xsrf: xsrf }, { origin: 'https://evil.example' })).status).toBe(403)
  expect(await auth.identities.identify('cookie', secret)).not.toBeNull()

  const answer = await browser.post('/hub/logout', { _xsrf: xsrf })
  expect([answer.status, answer.headers.get('location')]).toEqual([302, '/hub/login'])
  expect(browser.cookies.size).toBe(0)
  browser.cookies.set('cygnet-session', secret)
  expect((await browser.get('/')).status).toBe(302)

  await browser.signIn('ada', password)
  expect((await browser.call('POST', '/hub/logout')).status).toBe(204)
})

test('a session ends when it is not used, and lasts while it is', async () => {
  const { auth, url, pass } = await createTestHub({ signIn: { sessionDays: 1 } })
  await auth.accounts.create({ name: 'ada', password })
  const browser = createTestBrowser(url)
  await browser.signIn('ada', password)
  for (let day = 0; day < 3; day += 1) {
    pass(80_000)
    expect((await browser.get('/')).status).toBe(200)
  }
  pass(86_401)
  expect((await browser.get('/')).headers.get('location')).toBe('/hub/login')
  expect((await browser.get('/api/v1/account')).status).toBe(401)
})

test('a changed password ends the other sessions', async () => {
  const { auth, url } = await createTestHub()
  const user = await auth.accounts.create({ name: 'ada', password })
  const [here, there] = [createTestBrowser(url), createTestBrowser(url)]
  await here.signIn('ada', password)
  await there.signIn('ada', password)
  const { secret } = await auth.tokens.create(user, { note: '' })

  const put = (body: unknown): Promise<Response> => here.call('PUT', '/api/v1/account/password', body)
  expect((await put({ current: 'wrong', next: 'another password' })).status).toBe(403)
  expect((await put({ next: 'another password' })).status).toBe(400)
  const short = await put({ current: password, next: 'short' })
  expect(short.status).toBe(400)
  expect(await short.json()).toMatchObject({ message: expect.stringContaining('at least 8 characters') as string })
  expect((await put({ current: password, next: 'é'.repeat(600) })).status).toBe(400)
  expect((await put({ current: password, next: 'another password' })).status).toBe(204)

  expect((await here.get('/api/v1/account')).status).toBe(200)
  expect((await there.get('/api/v1/account')).status).toBe(401)
  const byToken = await fetch(`${url}/api/v1/account`, { headers: { authorization: `token ${secret}` } })
  expect(byToken.status).toBe(200)
  expect((await createTestBrowser(url).signIn('ada', password)).status).toBe(403)
  expect((await createTestBrowser(url).signIn('ada', 'another password')).status).toBe(302)
})

test('the first administrator’s link works once, also for two at the same moment', async () => {
  const { auth, url } = await createTestHub()
  const old = await auth.firstLinks.create()
  const secret = await auth.firstLinks.create()
  const open = (token: string | null, headers = {}): Promise<Response> =>
    createTestBrowser(url).get(`/hub/first?token=${token}`, headers)
  expect((await open(old)).status).toBe(410)
  expect((await open(secret, { 'sec-purpose': 'prefetch' })).status).toBe(503)
  expect((await fetch(`${url}/hub/first?token=${secret}`, { method: 'HEAD' })).status).toBe(404)

  const answers = await Promise.all([open(secret), open(secret), open(secret)])
  const statuses = answers.map((answer) => answer.status).toSorted((a, b) => a - b)
  expect(statuses).toEqual([302, 410, 410])
  expect((await open(secret)).status).toBe(410)
  expect(await auth.firstLinks.create()).toBeNull()
})

test('whoever came by the first link is an administrator and sets a password', async () => {
  const { auth, url } = await createTestHub()
  const browser = createTestBrowser(url)
  const answer = await browser.get(`/hub/first?token=${await auth.firstLinks.create()}`)
  expect(answer.headers.get('location')).toBe('/')
  expect(await (await browser.get('/api/v1/account')).json()).toEqual({
    name: 'admin',
    admin: true,
    hasPassword: false,
  })
  expect((await browser.call('PUT', '/api/v1/account/password', { next: password })).status).toBe(204)
  expect((await createTestBrowser(url).signIn('admin', password)).status).toBe(302)
})

test('an administrator who was made but never came gets a link too, and nobody becomes one by their name', async () => {
  const { auth, url } = await createTestHub()
  await auth.accounts.create({ name: 'admin', password })
  const browser = createTestBrowser(url)
  await browser.get(`/hub/first?token=${await auth.firstLinks.create()}`)
  expect(await (await browser.get('/api/v1/account')).json()).toMatchObject({ name: 'admin2', admin: true })
})
