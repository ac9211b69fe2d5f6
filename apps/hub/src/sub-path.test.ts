import { expect, test } from 'vitest'
import { createTestBrowser } from './testing/test-browser.ts'
import { createTestHub, type TestHub } from './testing/test-hub.ts'
import { createTestUpgrade } from './testing/test-upgrade.ts'

const password = 'a good password'

async function openHub(path = '/cygnet/'): Promise<TestHub> {
  const hub = await createTestHub({ publicUrl: `http://127.0.0.1${path}` })
  await hub.auth.accounts.create({ name: 'ada', password })
  return hub
}

/** A browser sees paths below the base path; the web server before the service hands them on as they are, or strips it. */
const servers: Array<[string, string]> = [
  ['does not strip the path', '/cygnet'],
  ['strips the path', ''],
]

test.each(servers)('sign-in, pages and sign-out behind a web server that %s', async (_, passed) => {
  const { url } = await openHub()
  const browser = createTestBrowser(url)
  const get = (path: string) => browser.get(passed + path)
  const away = await get('/files/a?b=c')
  expect(away.headers.get('location')).toBe('/cygnet/hub/login?next=%2Fcygnet%2Ffiles%2Fa%3Fb%3Dc')

  const form = await get('/hub/login?next=%2Fcygnet%2Ffiles%2Fa%3Fb%3Dc')
  const page = await form.text()
  expect(browser.lastCookies).toEqual([expect.stringMatching(/^_xsrf=[^;]+;.* Path=\/cygnet\/;/)])
  expect(page).toContain('action="/cygnet/hub/login?next=%2Fcygnet%2Ffiles%2Fa%3Fb%3Dc"')
  expect([...page.matchAll(/(?:href|src|action)="(\/[^"]*)"/g)].map(([, path]) => path)).toEqual(
    expect.arrayContaining(['/cygnet/favicon.svg', '/cygnet/theme/cygnet.css', '/cygnet/theme/scheme.js', '/cygnet/']),
  )
  expect(page).not.toMatch(/(?:href|src|action)="\/(?!cygnet\/)/)

  const token = browser.cookies.get('_xsrf') ?? ''
  const signedIn = await browser.post(`${passed}/hub/login?next=/cygnet/files/a`, {
    username: 'ada',
    password,
    _xsrf: token,
  })
  expect([signedIn.status, signedIn.headers.get('location')]).toEqual([302, '/cygnet/files/a'])
  expect(browser.lastCookies).toEqual([
    expect.stringMatching(/^cygnet-session=[^;]+;.* Path=\/cygnet\/; HttpOnly/),
    expect.stringMatching(/^_xsrf=[^;]+;.* Path=\/cygnet\/;/),
  ])
  expect(await (await get('/files/a')).text()).toContain('<meta name="cygnet-base-path" content="/cygnet/">')
  expect((await get('/user/ada')).headers.get('location')).toBe('/cygnet/user/ada/')
  expect((await get('/user/ada/logout')).headers.get('location')).toBe('/cygnet/hub/logout')
  expect((await get('/hub/spawn')).headers.get('location')).toMatch(/^\/cygnet\/start/)
  expect(await (await get('/user/ada/api/x?y')).json()).toMatchObject({ url: '/user/ada/api/x?y' })
  const model = (await (await browser.call('GET', `${passed}/hub/api/users/ada`)).json()) as object
  expect(model).toMatchObject({ name: 'ada' })
  expect((await browser.call('POST', `${passed}/hub/api/users/ada/tokens`)).status).toBe(201)

  const leave = await (await get('/hub/logout')).text()
  expect(leave).toContain('action="/cygnet/hub/logout"')
  const left = await browser.post(`${passed}/hub/logout`, { _xsrf: browser.cookies.get('_xsrf') ?? '' })
  expect(left.headers.get('location')).toBe('/cygnet/hub/login')
  expect(browser.lastCookies.every((line) => line.includes('=; Max-Age=0; Path=/cygnet/;'))).toBe(true)
})

test('the base path without its slash leads to the one with it, where the cookies are', async () => {
  const { url } = await openHub()
  const browser = createTestBrowser(url)
  expect((await browser.get('/cygnet')).headers.get('location')).toBe('/cygnet/')
  expect((await browser.get('/cygnet?a=1')).headers.get('location')).toBe('/cygnet/?a=1')
  expect((await browser.get('/cygnets/')).status).toBe(404)
  expect((await browser.get('/cygnet//evil.example')).status).toBe(404)
})

test('the health of the service is told at the bare port, with and without the path', async () => {
  const { url } = await openHub()
  for (const path of ['/hub/api/health', '/cygnet/hub/api/health'])
    expect((await fetch(url + path)).status, path).toBe(200)
})

test('no header changes where the service lies', async () => {
  const { url } = await openHub()
  for (const name of ['x-forwarded-prefix', 'x-script-name', 'x-original-uri'])
    for (const value of ['/other', '//evil.example', '"><script>']) {
      const page = await createTestBrowser(url).get('/', { [name]: value })
      expect(page.headers.get('location')).toBe('/cygnet/hub/login')
    }
})

test.each([
  ['/cygnet/user/ada/lab', '/cygnet/user/ada/lab'],
  ['/user/ada/lab?x=1#y', '/cygnet/user/ada/lab?x=1#y'],
  ['/cygnet', '/cygnet/'],
  ['/cygnet//evil.example', '/cygnet/'],
  ['//evil.example/cygnet/', '/cygnet/'],
  ['https://evil.example/cygnet/', '/cygnet/'],
  ['/cygnet/hub/logout', '/cygnet/'],
  // Another application of the host is another place.
  ['/other/', '/cygnet/other/'],
  ['/cygnet/../other/', '/cygnet/other/'],
])('next=%s leads to %s', async (next, location) => {
  const { url } = await openHub()
  const browser = createTestBrowser(url)
  const signedIn = await browser.signIn('ada', password, next)
  expect(signedIn.headers.get('location')).toBe(location)
})

test('two services on one host, one below the other, do not disturb one another', async () => {
  const [root, below] = [await openHub('/'), await openHub('/cygnet/')]
  // The same browser: what is set at `/` is sent to both, as browsers do, after what is set for the longer path.
  const atRoot = createTestBrowser(root.url)
  await atRoot.signIn('ada', password)
  const ofRoot = [...atRoot.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const form = await fetch(`${below.url}/cygnet/hub/login`, { headers: { cookie: ofRoot } })
  const [, own = ''] = /^_xsrf=([^;]+)/.exec(form.headers.getSetCookie()[0] ?? '') ?? []
  expect(own).not.toBe('')
  expect(own).not.toBe(atRoot.cookies.get('_xsrf'))
  expect(await form.text()).toContain(`name="_xsrf" value="${own}"`)

  const again = createTestBrowser(root.url)
  await again.signIn('ada', password)
  const ofBoth = `_xsrf=${own}; ${[...again.cookies].map(([name, value]) => `${name}=${value}`).join('; ')}`
  const signedIn = await fetch(`${below.url}/cygnet/hub/login`, {
    method: 'POST',
    headers: { cookie: ofBoth, origin: below.url, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ username: 'ada', password, _xsrf: own }).toString(),
    redirect: 'manual',
  })
  expect(signedIn.status).toBe(302)
  const session = signedIn.headers.getSetCookie().map((line) => line.split(';', 1)[0])
  const cookie = `${session.join('; ')}; ${ofBoth}`
  const account = await fetch(`${below.url}/cygnet/api/v1/account`, { headers: { cookie } })
  expect(account.status).toBe(200)
  expect((await again.get('/api/v1/account')).status).toBe(200)
})

test.each(servers)('a WebSocket is upgraded behind a web server that %s', async (_, passed) => {
  const { url, port } = await openHub()
  const browser = createTestBrowser(url)
  await browser.signIn('ada', password)
  const cookie = `cygnet-session=${browser.cookies.get('cygnet-session')}`
  const socket = await createTestUpgrade(port, `${passed}/user/ada/api/kernels/1/channels?a=1`, { cookie })
  expect(socket.first).toContain('ada cookie /user/ada/api/kernels/1/channels?a=1')
})

test('the description of the API says where it is', async () => {
  const { url } = await openHub()
  const described = (await (await fetch(`${url}/api/v1/openapi.json`)).json()) as { servers: unknown }
  expect(described.servers).toEqual([{ url: '/cygnet/' }])
})

test('an error page leads to pages of the service', async () => {
  const { url } = await openHub()
  const page = await createTestBrowser(url).get('/cygnet/nothing')
  expect(page.status).toBe(404)
  expect(await page.text()).not.toMatch(/(?:href|src|action)="\/(?!cygnet\/)/)
})
