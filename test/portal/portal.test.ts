import { AxeBuilder } from '@axe-core/playwright'
import { mkdtemp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { launchBrowser } from '../lab/browser.ts'
import { execute } from '../support/kernel-client.ts'
import { removeData, startService, type RunningService } from '../support/service.ts'
import { createVisitor, type Visitor } from '../support/visitor.ts'

/** Kept outside git, for people to look at. */
const artifacts = join(import.meta.dirname, '..', '..', 'artifacts', 'portal')

let service: RunningService
let browser: Browser
let context: BrowserContext
let page: Page
let api: Visitor
let home: string

beforeAll(async () => {
  service = await startService()
  browser = await launchBrowser()
  context = await browser.newContext({ viewport: { width: 1200, height: 800 } })
  api = createVisitor(service.url)
  await api.request('GET', service.firstLink ?? '')
  await api.send('GET', '/')
  await api.send('PUT', '/api/v1/account/password', { next: 'a good password' })
  await api.send('POST', '/hub/api/users/ben', { password: 'another good password' })
  home = join(service.data, 'homes', 'admin')
  const first = await context.newPage()
  await signIn(first, 'admin', 'a good password')
  await first.close()
})

afterAll(async () => {
  await browser.close()
  await service.stop()
  await removeData(service)
})

beforeEach(async () => {
  page = await context.newPage()
  page.setDefaultTimeout(20_000)
})

afterEach(async () => {
  await page.close()
})

test('files are uploaded, and what is there already is asked about', async () => {
  await makeFolder('up', { 'a.txt': 'old' })
  await open('/files/up')
  await upload({ 'a.txt': 'new', 'b.txt': 'b' })
  await page.getByRole('button', { name: 'Keep both' }).click()
  await page.getByText('2 files uploaded').waitFor()
  expect([await read('up/a.txt'), await read('up/a (2).txt'), await read('up/b.txt')]).toEqual(['old', 'new', 'b'])

  await upload({ 'a.txt': 'newer', 'b.txt': 'newer' })
  await page.getByLabel(/Do the same/).check()
  await page.getByRole('button', { name: 'Replace' }).click()
  await page.getByText('2 files uploaded').waitFor()
  expect([await read('up/a.txt'), await read('up/b.txt')]).toEqual(['newer', 'newer'])

  await upload({ 'a.txt': 'never' })
  await page.getByRole('button', { name: 'Skip' }).click()
  await page.getByText('skipped').waitFor()
  expect(await read('up/a.txt')).toBe('newer')
})

test('what was installed over a release is shown and reset, with the server stopped first', async () => {
  await open('/account')
  await page.getByText('You have installed nothing.').waitFor()
  await api.send('POST', '/hub/api/users/admin/server', {})
  await (await api.send('GET', '/hub/api/users/admin/server/progress')).text()
  const packages = join(service.data, 'homes', '.packages', 'admin')
  const [id = ''] = await readdir(packages)
  const kernel = await api.json<{ id: string }>('POST', '/user/admin/api/kernels', { name: 'python3' })
  const socket = api.open(`/user/admin/api/kernels/${kernel.id}/channels`)
  const [printed] = await execute(socket, 'import sysconfig; print(sysconfig.get_path("purelib"), end="")')
  socket.close()
  const folder = join(packages, id, 'upper', String(printed?.['text']).replace(/^\/software\/[^/]+\//, ''))
  await mkdir(join(folder, 'swans-1.2.dist-info'), { recursive: true })
  await writeFile(join(folder, 'swans.py'), 'x'.repeat(300_000))
  await open('/account')
  await page.getByText(/swans 1\.2 · 3\d\d kB/).waitFor()
  expect((await api.request('DELETE', `/api/v1/packages/${id}`)).status).toBe(409)
  await page.getByRole('button', { name: /^Reset my packages of/ }).click()
  for (const [width, colorScheme] of [
    [420, 'dark'],
    [1400, 'light'],
  ] as const) {
    await page.setViewportSize({ width, height: 900 })
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.screenshot({ path: join(artifacts, `packages-${width}-${colorScheme}.png`) })
    await findNothing(page)
  }
  await page.getByRole('button', { name: 'Stop my server and reset' }).click()
  await page.getByText('You have installed nothing.').waitFor()
  expect(await readdir(packages)).toEqual([])
  expect(await api.json('GET', '/api/v1/server')).toMatchObject({ phase: 'stopped' })
  expect((await api.request('DELETE', `/api/v1/packages/${id}`)).status).toBe(404)
})

test('a folder is uploaded with everything in it', async () => {
  await makeFolder('into')
  const folder = await mkdtemp(join(tmpdir(), 'cygnet-upload-'))
  await mkdir(join(folder, 'tree', 'inner'), { recursive: true })
  await writeFile(join(folder, 'tree', 'one.txt'), '1')
  await writeFile(join(folder, 'tree', 'inner', 'two.txt'), '2')
  await open('/files/into')
  await page.locator('[data-upload=folder]').setInputFiles(join(folder, 'tree'))
  await page.getByText('2 files uploaded').waitFor()
  await page.getByRole('link', { name: 'tree' }).waitFor()
  expect([await read('into/tree/one.txt'), await read('into/tree/inner/two.txt')]).toEqual(['1', '2'])
  await rm(folder, { recursive: true })
})

test('files are renamed, moved and deleted with the keyboard alone, and the focus stays in the list', async () => {
  await makeFolder('keys', { 'alpha.txt': 'a', 'beta.txt': 'b', 'gamma.txt': 'c' })
  await makeFolder('keys/box')
  await open('/files/keys')
  await page.locator('[data-name]').first().focus()
  await page.keyboard.press('a')
  await expect.poll(focused).toBe('alpha.txt')
  await page.keyboard.press('F2')
  await expect.poll(() => page.evaluate('document.activeElement.value')).toBe('alpha.txt')
  await page.keyboard.type('omega')
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await expect.poll(focused).toBe('omega.txt')

  await page.keyboard.press('Home')
  await page.keyboard.press('g')
  await expect.poll(focused).toBe('gamma.txt')
  await page.keyboard.press('Delete')
  await expect.poll(focused).toBe('Cancel')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.getByText('“gamma.txt” deleted').waitFor()
  await expect.poll(focused).toMatch(/beta|omega/)

  await page.getByRole('button', { name: 'Actions for beta.txt' }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('menuitem', { name: 'Move…' }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').getByRole('button', { name: 'box' }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Move to “box”' }).focus()
  await page.keyboard.press('Enter')
  await page.getByText('Moved to “box”').waitFor()
  expect([await read('keys/omega.txt'), await read('keys/box/beta.txt')]).toEqual(['a', 'b'])
  await expect(read('keys/gamma.txt')).rejects.toThrow('ENOENT')
})

test('what the service refuses is told where it happens', async () => {
  await makeFolder('told', { taken: '', other: '' })
  await open('/files/told')
  await page.getByRole('button', { name: 'Actions for other' }).click()
  await page.getByRole('menuitem', { name: 'Rename…' }).click()
  await page.getByLabel('New name').fill('taken')
  await page.keyboard.press('Enter')
  await expect.poll(() => page.getByRole('alert').innerText()).toContain('already')
  await page.getByLabel('New name').fill('a/b')
  await page.keyboard.press('Enter')
  await page.getByText('A name has no slash in it.').waitFor()
})

test('names with every character lead to what they name', async () => {
  const names = ['100% #1? $x &.txt', '<img src=x onerror=alert(1)>.txt', 'Zürich 影.txt', 'two..', '[x] {y}^`.txt']
  await makeFolder('odd % folder', Object.fromEntries(names.map((name) => [name, `I am ${name}`])))
  for (const name of names) {
    await open('/files')
    await page.getByRole('link', { name: 'odd % folder' }).click()
    await page.getByRole('link', { name, exact: true }).click()
    await page.getByText(`I am ${name}`).waitFor()
    await page.reload()
    await page.getByText(`I am ${name}`).waitFor()
  }
})

test('a link is made, protected and revoked; whoever has it sees what is shared and nothing else', async () => {
  await makeFolder('lent', { 'in.md': '# Inside' })
  await api.send('PUT', '/api/v1/trees/home/content?path=secret.txt', Buffer.from('secret'))
  await open('/files')
  await page.getByRole('button', { name: 'Actions for lent' }).click()
  await page.getByRole('menuitem', { name: 'Share…' }).click()
  await page.getByRole('button', { name: 'With a password or an end…' }).click()
  await page.getByLabel('Password', { exact: true }).fill('swan lake')
  await page.getByLabel('Last day').fill('2199-12-31')
  await page.getByRole('button', { name: 'Make the link' }).click()
  const link = await page.getByLabel('Link', { exact: true }).inputValue()

  const stranger = await browser.newContext()
  const visitor = await stranger.newPage()
  const asked: string[] = []
  visitor.on('request', (request) => asked.push(new URL(request.url()).pathname))
  await visitor.goto(link)
  await visitor.getByLabel('Password', { exact: true }).fill('goose')
  await visitor.keyboard.press('Enter')
  await visitor.getByRole('alert').waitFor()
  await findNothing(visitor)
  await visitor.getByLabel('Password', { exact: true }).fill('swan lake')
  await visitor.keyboard.press('Enter')
  await visitor.getByRole('link', { name: 'in.md' }).click()
  await visitor.getByRole('heading', { name: 'Inside' }).waitFor()
  await findNothing(visitor)
  await visitor.goto(`${link}/../secret.txt`)
  await visitor.getByText('nothing').first().waitFor()
  await visitor.goto(`${link}/%2e%2e%2fsecret.txt`)
  await visitor
    .getByRole('heading', { name: /nothing|could not/i })
    .or(visitor.getByRole('alert'))
    .first()
    .waitFor()
  expect(asked.filter((path) => /^\/(?:hub|user)|account|\/server|\/shares/.test(path))).toEqual([])

  await page.getByRole('button', { name: 'Revoke…' }).click()
  await page.getByRole('button', { name: 'Revoke the link' }).click()
  await page.getByRole('button', { name: 'Make a link' }).waitFor()
  await visitor.goto(link)
  await visitor.getByRole('heading', { name: 'There is nothing behind this link' }).waitFor()
  await findNothing(visitor)
  await stranger.close()
})

test('what was shared and deleted is shared no more, whatever has its name now, and its owner sees why', async () => {
  await makeFolder('given', { 'in.md': 'given' })
  const to = [{ type: 'link' }, { type: 'user', name: 'ben', access: 'read' }]
  for (const one of to) await api.send('POST', '/api/v1/shares', { path: 'given', to: one })
  const [shared] = (await (await api.send('GET', '/api/v1/shares?path=given')).json()) as Array<{ to: { url: string } }>
  const link = shared?.to.url ?? ''
  await open('/files')
  await page.getByRole('button', { name: 'Actions for given' }).click()
  await page.getByRole('menuitem', { name: 'Delete…' }).click()
  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByText('“given” deleted.').waitFor()
  await makeFolder('given', { 'private.md': 'private' })
  await open('/shared')
  await page.getByText('it is gone from your files, or was replaced by something else').waitFor()
  await page.getByText('by 1 link · with ben').waitFor()
  await findNothing(page)
  const stranger = await browser.newContext()
  const visitor = await stranger.newPage()
  await visitor.goto(link)
  await visitor.getByRole('heading', { name: 'What was shared is no longer there' }).waitFor()
  await findNothing(visitor)
  await stranger.close()
  await page.getByRole('button', { name: 'Remove given from the list' }).click()
  await page.getByRole('heading', { name: 'Ended' }).waitFor({ state: 'detached' })
  expect(await (await api.send('GET', '/api/v1/shares')).text()).not.toContain('given')
})

test('a colleague is found by the beginning of the name, and gets what the access says', async () => {
  await makeFolder('for ben', { 'x.txt': 'x' })
  await open('/files')
  await page.getByRole('button', { name: 'Actions for for ben' }).click()
  await page.getByRole('menuitem', { name: 'Share…' }).click()
  await page.getByRole('combobox', { name: 'Name' }).fill('be')
  await page.getByRole('option', { name: 'ben' }).click()
  await page.getByRole('button', { name: 'Share', exact: true }).click()
  await page.getByLabel('Access of ben').waitFor()

  const other = await browser.newContext()
  const theirs = await other.newPage()
  await signIn(theirs, 'ben', 'another good password')
  await theirs.goto(`${service.url}/shared`)
  await theirs.getByRole('link', { name: 'for ben' }).click()
  await theirs.getByRole('link', { name: 'x.txt' }).waitFor()
  expect(await theirs.getByRole('button', { name: 'Upload' }).count()).toBe(0)

  await page.getByLabel('Access of ben').selectOption('write')
  await expect
    .poll(async () => (await api.json<Array<{ to: unknown }>>('GET', '/api/v1/shares')).map(({ to }) => to))
    .toContainEqual({
      type: 'user',
      name: 'ben',
      access: 'write',
    })
  await theirs.reload()
  await theirs.getByRole('button', { name: 'Upload' }).waitFor()
  await theirs.locator('[data-upload=files]').setInputFiles({ name: 'y.txt', mimeType: '', buffer: Buffer.from('y') })
  await theirs.getByText('1 file uploaded').waitFor()
  expect(await read('for ben/y.txt')).toBe('y')
  await other.close()
})

test('a lost session leads to the sign-in page and back', async () => {
  const leaving = await browser.newContext()
  const tab = await leaving.newPage()
  await signIn(tab, 'admin', 'a good password')
  await makeFolder('later')
  await tab.goto(`${service.url}/files`)
  await tab.getByRole('link', { name: 'later' }).waitFor()
  await leaving.clearCookies({ name: 'cygnet-session' })
  await tab.getByRole('link', { name: 'later' }).click()
  await tab.getByLabel('User name').fill('admin')
  await tab.getByLabel('Password', { exact: true }).fill('a good password')
  await tab.keyboard.press('Enter')
  await tab.waitForURL(`${service.url}/files/later`)
  await tab.getByText('This folder is empty').waitFor()
  await leaving.close()
})

test('a start leads to where one wanted to go, never to another site', async () => {
  await page.goto(`${service.url}/start?next=${encodeURIComponent('//evil.example/x')}`)
  await page.getByRole('button', { name: 'Start my server' }).click()
  await page.waitForURL(`${service.url}/user/admin/lab**`)
  for (const next of ['/\\evil.example', '/.//evil.example', 'https://evil.example', '/\t/evil.example']) {
    await page.goto(`${service.url}/start?next=${encodeURIComponent(next)}`)
    await page.waitForURL(`${service.url}/user/admin/lab**`)
  }
  await page.goto(`${service.url}/start?next=${encodeURIComponent('/files/later?x=1')}`)
  await page.waitForURL(`${service.url}/files/later?x=1`)
  await api.send('DELETE', '/hub/api/users/admin/server')
})

test('a server that is gone is started again by one click, and one is where one was', async () => {
  await api.send('DELETE', '/hub/api/users/admin/server')
  await page.goto(`${service.url}/user/admin/lab/tree/later`)
  await page.getByRole('link', { name: 'Start it again' }).click()
  await page.waitForURL(`${service.url}/user/admin/lab/tree/later`)
  await page.locator('.jp-DirListing').first().waitFor()
  await api.send('DELETE', '/hub/api/users/admin/server')
  // A link from elsewhere starts nothing.
  await page.goto(`${service.url}/start?next=/files&again=1`)
  await page.getByRole('button', { name: 'Start my server' }).waitFor()
})

test('a token is shown once, works, and is refused once it is revoked', async () => {
  await open('/account')
  await page.getByLabel('What it is for').fill('a trial')
  await page.getByLabel('It may').selectOption({ label: 'Use my server while it runs' })
  await page.getByRole('button', { name: 'Make a token' }).click()
  const token = await page.getByLabel('New token').inputValue()
  const ask = async () =>
    (await fetch(`${service.url}/hub/api/user`, { headers: { authorization: `token ${token}` } })).status
  expect(await ask()).toBe(200)
  const headers = { authorization: `token ${token}` }
  expect((await fetch(`${service.url}/api/v1/shares`, { headers })).status).toBe(403)
  await page.getByText('may: use your server while it runs').waitFor()
  await page.getByRole('button', { name: 'Done' }).click()
  await page.getByRole('button', { name: 'Revoke the token a trial' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
  await page.getByText('You have no tokens').waitFor()
  expect(await ask()).toBe(403)
})

test.each([
  [1400, 'light'],
  [420, 'dark'],
] as const)(
  'axe finds nothing in viewers and dialogs, %i pixels wide, %s',
  { timeout: 180_000 },
  async (width, colorScheme) => {
    const folder = `views ${width}`
    await makeFolder(folder, views)
    await page.setViewportSize({ width, height: 900 })
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    for (const name of Object.keys(views)) {
      await open(`/files/${folder}/${name}`)
      await page.locator('main .card').first().waitFor()
      await page.waitForLoadState('networkidle')
      await findNothing(page)
      expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth'), name).toBe(true)
    }
    await open(`/files/${folder}`)
    await page.getByRole('checkbox', { name: 'Select a.md' }).check()
    await findNothing(page)
    await page.getByRole('button', { name: 'Cancel' }).click()
    for (const item of ['Share…', 'Rename…', 'Move…', 'Delete…']) {
      await page.getByRole('button', { name: 'Actions for a.md' }).click()
      await page.getByRole('menuitem', { name: item }).waitFor()
      await findNothing(page)
      await page.getByRole('menuitem', { name: item }).click()
      await page.getByRole('dialog').waitFor()
      await findNothing(page)
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      await expect.poll(focused).toBe('Actions for a.md')
    }
  },
)

const views: Record<string, string> = {
  'a.md':
    '# Title\n\nText with $x^2$ and\n\n$$\\int_0^1 f$$\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n```python\nx = 1  # one\n```\n',
  'a.csv': 'name,,value\nx,1,2\ny,3,4\n',
  'a.py': 'def f(x: int) -> str:\n    """Says it."""\n    return f"{x} times"  # a comment\n',
  'a.json': '{"a": [1, null, true], "b": "text"}',
  'a.svg': '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><circle r="20"/></svg>',
  'a.log': '\u001b[31mred\u001b[0m \u001b[1;92mgreen\u001b[0m \u001b[43myellow\u001b[0m\n',
  'a.bin': '\0\u0001\0',
  'a.zip': 'PK',
  'empty.txt': '',
  'broken.ipynb': '{',
  'a.ipynb': JSON.stringify({
    nbformat: 4,
    metadata: {},
    cells: [
      { cell_type: 'markdown', source: '## Part' },
      {
        cell_type: 'code',
        execution_count: 1,
        source: 'frame',
        outputs: [
          { output_type: 'stream', name: 'stderr', text: 'a warning\n' },
          { output_type: 'stream', name: 'stdout', text: 'line\n'.repeat(1_000) },
          {
            output_type: 'display_data',
            data: { 'text/html': '<table><tr><th></th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>' },
          },
          { output_type: 'error', ename: 'E', evalue: 'v', traceback: ['\u001b[31mE\u001b[39m: \u001b[43mv\u001b[0m'] },
        ],
      },
    ],
  }),
}

async function open(path: string): Promise<void> {
  await page.goto(service.url + path)
  await page.locator('h1').first().waitFor({ state: 'attached' })
}

async function signIn(tab: Page, name: string, password: string): Promise<void> {
  await tab.goto(`${service.url}/hub/login`)
  await tab.getByLabel('User name').fill(name)
  await tab.getByLabel('Password', { exact: true }).fill(password)
  await tab.keyboard.press('Enter')
  await tab.waitForURL(`${service.url}/`)
}

async function upload(files: Record<string, string>): Promise<void> {
  await page.getByRole('grid').waitFor()
  const payload = Object.entries(files).map(([name, text]) => ({ name, mimeType: '', buffer: Buffer.from(text) }))
  await page.locator('[data-upload=files]').setInputFiles(payload)
}

async function makeFolder(path: string, files: Record<string, string> = {}): Promise<void> {
  await api.send('POST', '/api/v1/trees/home/folders', { path })
  for (const [name, text] of Object.entries(files)) {
    const query = new URLSearchParams({ path: `${path}/${name}` })
    await api.send('PUT', `/api/v1/trees/home/content?${query.toString()}`, Buffer.from(text))
  }
}

async function read(path: string): Promise<string> {
  return await readFile(join(home, path), 'utf8')
}

async function focused(): Promise<string> {
  return String(await page.evaluate('document.activeElement.ariaLabel ?? document.activeElement.textContent'))
}

async function findNothing(tab: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page: tab }).analyze()
  expect(violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(' ')}`)).toEqual([])
}
