import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchBrowser } from '../lab/browser.ts'
import { createLabPage } from '../lab/lab-page.ts'
import { cygnet } from '../support/command.ts'
import { execute } from '../support/kernel-client.ts'
import { removeData, startService, type RunningService } from '../support/service.ts'
import { createVisitor, type Visitor } from '../support/visitor.ts'
import { findFreePort, readExamples, startCaddy, startNginx, type WebServer } from '../support/web-servers.ts'

/** Kept outside git, for people to look at. */
const artifacts = join(import.meta.dirname, '..', '..', 'artifacts', 'sub-path')
const password = 'a good password'

let service: RunningService
let bare: string
const started = new AsyncDisposableStack()
const webServers = new Map<string, WebServer>()

beforeAll(async () => {
  await mkdir(artifacts, { recursive: true })
  const [port, first] = [await findFreePort(), await findFreePort()]
  bare = `http://127.0.0.1:${port}`
  const { nginx, caddy } = await readExamples()
  const make = async (name: string, start: typeof startNginx, example: string, at: number): Promise<void> => {
    webServers.set(name, started.use(await start(example, { port: at, service: port })))
  }
  await make('nginx', startNginx, nginx.passing, first)
  await make('nginx that strips', startNginx, nginx.stripping, await findFreePort())
  await make('Caddy', startCaddy, caddy.passing, await findFreePort())
  await make('Caddy that strips', startCaddy, caddy.stripping, await findFreePort())
  service = await startService({
    config: { port, trustProxy: true, publicUrl: `http://127.0.0.1:${first}/cygnet/`, signIn: { attempts: 1000 } },
  })
  await cygnet(service.data, ['user', 'add', 'ada'], `${password}\n`)
})

afterAll(async () => {
  await started.disposeAsync()
  await service.stop()
  await removeData(service)
})

describe.each(['nginx', 'nginx that strips', 'Caddy', 'Caddy that strips'])('behind %s', (name) => {
  let visitor: Visitor

  test('a user signs in below the path, and gets the portal', async () => {
    visitor = createVisitor(webServers.get(name)?.url ?? '')
    const slash = await visitor.request('GET', '/cygnet')
    expect(new URL(slash.headers.get('location') ?? '', visitor.url).pathname).toBe('/cygnet/')
    const away = await visitor.request('GET', '/cygnet/files')
    expect(away.headers.get('location')).toBe('/cygnet/hub/login?next=%2Fcygnet%2Ffiles')
    const signedIn = await signIn(visitor, away.headers.get('location') ?? '')
    expect(signedIn.headers.get('location')).toBe('/cygnet/files')
    for (const cookie of signedIn.headers.getSetCookie()) expect(cookie).toContain('; Path=/cygnet/;')

    const page = await (await visitor.send('GET', '/cygnet/files')).text()
    const files = [...page.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, path = '']) => path)
    expect(files.length).toBeGreaterThan(4)
    for (const file of files) {
      expect(file).toMatch(/^\/cygnet\//)
      expect((await visitor.send('GET', file)).status).toBe(200)
    }
  })

  test('the server starts, and its kernel and terminal answer', async () => {
    expect(await startServer(visitor)).toContain('"url":"/cygnet/user/ada/"')
    const lab = await (await visitor.send('GET', '/cygnet/user/ada/lab/tree/a%20b')).text()
    expect(lab).toContain('"baseUrl":"/cygnet/user/ada/"')
    expect(lab).toContain('"hubPrefix":"/cygnet/hub/"')
    for (const [, path = ''] of lab.matchAll(/(?:src|href)="([^"]+)"/g))
      expect((await visitor.send('GET', path)).status, path).toBe(200)

    const kernel = await visitor.json<{ id: string }>('POST', '/cygnet/user/ada/api/kernels', { name: 'python3' })
    const socket = visitor.open(`/cygnet/user/ada/api/kernels/${kernel.id}/channels?session_id=${randomUUID()}`)
    const outputs = await execute(socket, environment)
    socket.close()
    expect(JSON.parse(outputs.map((output) => String(output['text'])).join(''))).toEqual({
      JUPYTERHUB_BASE_URL: '/cygnet/',
      JUPYTERHUB_SERVICE_PREFIX: '/cygnet/user/ada/',
      CYGNET_BASE_PATH: '/cygnet/user/ada/',
      CYGNET_PUBLIC_URL: service.url,
      health: 200,
    })

    const terminal = await visitor.json<{ name: string }>('POST', '/cygnet/user/ada/api/terminals', {})
    const typed = visitor.open(`/cygnet/user/ada/terminals/websocket/${terminal.name}`)
    await once(typed, 'open')
    let seen = ''
    typed.on('message', (data: Buffer) => void (seen += data.toString()))
    typed.send(JSON.stringify(['stdin', 'echo $((6 * 7))-swans\r']))
    await expect.poll(() => seen).toContain('42-swans')
    typed.close()
    await visitor.send('DELETE', `/cygnet/user/ada/api/terminals/${terminal.name}`)
    await visitor.send('DELETE', `/cygnet/user/ada/api/kernels/${kernel.id}`)
  })

  test('files of any name arrive, by the portal’s API and by the server', async () => {
    for (const file of ['plain.txt', 'a b%2Fc?#&;+ü.txt', 'x%25y\\z.txt']) {
      const query = new URLSearchParams({ path: file, overwrite: '1' }).toString()
      await visitor.send('PUT', `/cygnet/api/v1/trees/home/content?${query}`, `${file} behind ${name}`)
      const back = await visitor.send('GET', `/cygnet/api/v1/trees/home/content?${query}`)
      expect(await back.text()).toBe(`${file} behind ${name}`)
      const read = await visitor.send('GET', `/cygnet/user/ada/files/${encodeURIComponent(file)}`)
      expect(await read.text()).toBe(`${file} behind ${name}`)
      const model = await visitor.json('GET', `/cygnet/user/ada/api/contents/${encodeURIComponent(file)}?content=0`)
      expect(model).toMatchObject({ name: file })
    }
  })

  test('a link with a password opens for a stranger', async () => {
    const body = { path: 'plain.txt', to: { type: 'link', password: 'swans fly' } }
    const { to } = await visitor.json<{ to: { url: string; token: string } }>('POST', '/cygnet/api/v1/shares', body)
    expect(to.url).toBe(`${service.url}/s/${to.token}`)
    const stranger = createVisitor(visitor.url)
    expect(await (await stranger.send('GET', new URL(to.url).pathname)).text()).toContain('content="/cygnet/"')
    const link = `/cygnet/api/v1/links/${to.token}`
    expect(await stranger.json('GET', link)).toMatchObject({ state: 'needs-password' })
    const unlocked = await stranger.send('POST', `${link}/unlock`, { password: 'swans fly' })
    const proofs = unlocked.headers.getSetCookie().map((line) => /; Path=([^;]+)/.exec(line)?.[1])
    expect(proofs).toEqual([link, `/cygnet/api/v1/trees/link-${to.token}`])
    const content = await stranger.send('GET', `/cygnet/api/v1/trees/link-${to.token}/content?path=`)
    expect(await content.text()).toBe(`plain.txt behind ${name}`)
  })

  test('a user signs out', async () => {
    const out = await visitor.send('POST', '/cygnet/hub/logout', new URLSearchParams())
    expect(out.headers.get('location')).toBe('/cygnet/hub/login')
    expect((await visitor.request('GET', '/cygnet/api/v1/account')).status).toBe(401)
  })
})

/** Fills in the form at an address and sends it. */
async function signIn(visitor: Visitor, address: string): Promise<Response> {
  const form = await (await visitor.send('GET', address)).text()
  const [, token = ''] = /name="_xsrf" value="([^"]+)"/.exec(form) ?? []
  const [, action = ''] = /action="([^"]+)"/.exec(form) ?? []
  return visitor.send('POST', action, new URLSearchParams({ username: 'ada', password, _xsrf: token }))
}

/** @returns the events of the start, or that it runs already */
async function startServer(visitor: Visitor): Promise<string> {
  await visitor.request('POST', '/cygnet/hub/api/users/ada/server', {})
  return (await visitor.send('GET', '/cygnet/hub/api/users/ada/server/progress')).text()
}

const environment = `
import json, os, urllib.request
names = ["JUPYTERHUB_BASE_URL", "JUPYTERHUB_SERVICE_PREFIX", "CYGNET_BASE_PATH", "CYGNET_PUBLIC_URL"]
health = urllib.request.urlopen(os.environ["CYGNET_URL"] + "/hub/api/health").status
print(json.dumps({**{name: os.environ[name] for name in names}, "health": health}))
`

describe('in a browser', () => {
  let browser: Browser

  beforeAll(async () => {
    browser = await launchBrowser()
    const visitor = createVisitor(bare)
    await signIn(visitor, '/cygnet/hub/login')
    await visitor.send('PUT', '/cygnet/api/v1/trees/home/content?path=swans.txt&overwrite=1', 'a text behind a path')
    await startServer(visitor)
  })

  afterAll(() => browser.close())

  test.each(['nginx', 'Caddy that strips'])('behind %s: from sign-in to a link on the web', async (name) => {
    const url = `${webServers.get(name)?.url}/cygnet`
    const context = await browser.newContext({ viewport: { width: 1400, height: 900 } })
    const page = await context.newPage()
    const troubles: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error') troubles.push(message.text())
    })
    page.on('response', (response) => {
      if (response.status() >= 400) troubles.push(`${response.status()} ${response.url()}`)
      if (!new URL(response.url()).pathname.startsWith('/cygnet/')) troubles.push(`beside the path: ${response.url()}`)
    })
    page.on('pageerror', (error) => troubles.push(error.message))
    await page.goto(`${url}/gallery`)
    await page.getByLabel('User name').fill('ada')
    await page.getByLabel('Password').fill(password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForURL(`${url}/gallery`)
    const narrowest = `document.images.length === 0 ? 0 : Math.min(...[...document.images].map((one) => one.naturalWidth))`
    await expect.poll(() => page.evaluate<number>(narrowest)).toBeGreaterThan(50)
    await page.screenshot({ path: join(artifacts, `gallery-${name}.png`) })
    await page.getByRole('link', { name: 'Files' }).click()
    await page.waitForURL(`${url}/files`)
    await page.getByText('swans.txt').first().waitFor()
    await page.getByRole('link', { name: 'Cygnet, home' }).click()
    await page.waitForURL(`${url}/`)
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.evaluate(`location.assign('/cygnet/api/v1/trees/home/content?path=swans.txt&download=1')`),
    ])
    expect(download.suggestedFilename()).toBe('swans.txt')

    await page.getByRole('link', { name: 'Open my lab' }).click()
    const lab = createLabPage(page, `${url}/user/ada/`)
    await lab.open('lab?reset')
    await lab.createNotebook()
    await lab.run('print(6 * 7, "swans")')
    await lab.outputs.getByText('42 swans').waitFor()
    await lab.idle()
    await page.screenshot({ path: join(artifacts, `lab-${name}.png`) })
    await lab.chooseFor('swans.txt', 'Share…')
    await page.getByRole('button', { name: 'Create link', exact: true }).click()
    const address = await page.getByLabel('Address of the link').last().inputValue()
    expect(address).toMatch(new RegExp(`^${service.url}/s/`))
    await page.keyboard.press('Escape')
    await lab.dialog.waitFor({ state: 'detached' })
    // The notebook is not saved; leaving it asks.
    page.on('dialog', (dialog) => void dialog.accept())
    expect(await page.getByRole('link', { name: 'Home' }).getAttribute('href')).toBe('/cygnet/')
    await page.getByRole('link', { name: 'Home' }).click()
    await page.waitForURL(`${url}/`)
    expect(troubles).toEqual([])

    const stranger = await browser.newContext()
    const shown = await stranger.newPage()
    await shown.goto(address)
    await shown.getByText('a text behind a path').waitFor()
    await shown.screenshot({ path: join(artifacts, `link-${name}.png`) })
    await stranger.close()
    await context.close()
  })
})

test('at the bare port too nobody is locked out, and the health is told', async () => {
  expect((await fetch(`${bare}/hub/api/health`)).status).toBe(200)
  expect((await fetch(`${bare}/cygnet/hub/api/health`)).status).toBe(200)
  const visitor = createVisitor(bare)
  const away = await visitor.request('GET', '/')
  const login = away.headers.get('location') ?? ''
  expect(login).toBe('/cygnet/hub/login')
  const signedIn = await signIn(visitor, login)
  expect(signedIn.headers.get('location')).toBe('/cygnet/')
  expect(await (await visitor.send('GET', '/cygnet/')).text()).toContain('content="/cygnet/"')
})

test('the command prints addresses below the path', async () => {
  const created = await cygnet(service.data, ['share', 'create', 'ada', 'plain.txt', '--link'])
  expect(created.output.trim()).toMatch(new RegExp(`^${service.url}/s/[^/]+$`))
  expect(service.url).toMatch(/:\d+\/cygnet$/)
  expect(service.firstLink).toMatch(new RegExp(`^${service.url}/hub/first\\?token=`))
})
