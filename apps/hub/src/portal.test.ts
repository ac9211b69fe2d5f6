import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createTestBrowser } from './testing/test-browser.ts'
import { createTestHub } from './testing/test-hub.ts'

const password = 'a good password'

test('the portal’s page stands at its paths after sign-in, and at links without', async () => {
  const { auth, url } = await createTestHub()
  await auth.accounts.create({ name: 'ada', password })
  const browser = createTestBrowser(url)
  const paths = ['/', '/start?next=/x', '/files', '/files/a%2Fb/c', '/shared/1', '/gallery', '/account']
  for (const path of paths) {
    const away = await browser.get(path)
    const login = path === '/' ? '/hub/login' : `/hub/login?next=${encodeURIComponent(path)}`
    expect([away.status, away.headers.get('location')]).toEqual([302, login])
  }
  const link = await browser.get('/s/some-token/folder')
  expect(await link.text()).toContain('Portal')
  // Whoever unlocks a link has no session, yet proves their page.
  expect(browser.cookies.has('_xsrf')).toBe(true)

  await browser.signIn('ada', password)
  for (const path of paths) {
    const page = await browser.get(path)
    expect(await page.text()).toContain('Portal')
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self';")
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(page.headers.get('cache-control')).toBe('no-cache')
  }
})

test('a browser that lost its proof gets a new one with the page', async () => {
  const { auth, url } = await createTestHub()
  await auth.accounts.create({ name: 'ada', password })
  const browser = createTestBrowser(url)
  await browser.signIn('ada', password)
  browser.cookies.delete('_xsrf')
  expect((await browser.call('POST', '/hub/api/users/ada/tokens')).status).toBe(403)
  await browser.get('/')
  expect((await browser.call('POST', '/hub/api/users/ada/tokens')).status).toBe(201)
})

test('assets are compressed and kept for ever, the theme is asked for again', async () => {
  const { url } = await createTestHub()
  const browser = createTestBrowser(url)
  const asset = (encoding: string) => browser.get('/assets/main-abc123.js', { 'accept-encoding': encoding })
  const brotli = await asset('gzip, deflate, br')
  expect(await brotli.text()).toBe('brotli')
  expect(brotli.headers.get('content-encoding')).toBe('br')
  expect(brotli.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
  expect(brotli.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
  expect(brotli.headers.get('vary')).toBe('accept-encoding')
  expect(await (await asset('gzip')).text()).toBe('gzip')
  expect(await (await asset('br;q=0')).text()).toBe('plain')
  expect(await (await asset('')).text()).toBe('plain')

  const theme = await browser.get('/theme/cygnet.css')
  expect(theme.headers.get('cache-control')).toBe('no-cache')
  const etag = theme.headers.get('etag') ?? ''
  expect((await browser.get('/theme/cygnet.css', { 'if-none-match': `W/${etag}, "x"` })).status).toBe(304)
  const head = await fetch(`${url}/theme/cygnet.css`, { method: 'HEAD' })
  expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '8', ''])
  expect((await browser.get('/favicon.svg')).headers.get('content-type')).toBe('image/svg+xml')
  expect(await (await browser.get('/robots.txt')).text()).toContain('Disallow: /')
})

test('serves nothing beside what it means to', async () => {
  const { url } = await createTestHub()
  const browser = createTestBrowser(url)
  for (const path of [
    '/assets/../index.html',
    '/assets/%2e%2e/index.html',
    '/assets/..%2findex.html',
    '/assets/..%5c..%5ccygnet.sqlite',
    '/assets/%2fetc/passwd',
    '/assets//etc/passwd',
    '/assets/',
    '/assets/.hidden',
    '/assets/main-abc123.js%00',
    '/assets/main-abc123.js/x',
    `/assets/${'a'.repeat(400)}`,
    '/theme/../../cygnet.sqlite',
    '/index.html',
  ])
    expect((await browser.get(path)).status, path).toBe(404)
})

test('says so where the portal is not built', async () => {
  const { url, folder } = await createTestHub()
  await rm(join(folder, 'portal', 'index.html'))
  const page = await createTestBrowser(url).get('/s/token')
  expect(page.status).toBe(503)
  expect(await page.text()).toContain('npm run build')
})
