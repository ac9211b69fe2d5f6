import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { launchBrowser } from '../lab/browser.ts'
import { createLabPage } from '../lab/lab-page.ts'
import { watchPage } from '../lab/watch-page.ts'
import { cygnet } from '../support/command.ts'
import { removeData, startService, type RunningService } from '../support/service.ts'

/** Kept outside git, for people to look at. */
const artifacts = join(import.meta.dirname, '..', '..', 'artifacts', 'journey')
const password = 'a good password'

let service: RunningService
let browser: Browser
let admin: BrowserContext
let troubles: string[] = []

beforeAll(async () => {
  await mkdir(artifacts, { recursive: true })
  service = await startService()
  browser = await launchBrowser()
  admin = await browser.newContext({ viewport: { width: 1400, height: 900 } })
})

afterAll(async () => {
  await browser.close()
  await service.stop()
  await removeData(service)
})

beforeEach(() => {
  troubles = []
})

afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return
  const pages = browser.contexts().flatMap((context) => context.pages())
  await Promise.all(pages.map((page, index) => keepPicture(page, `failed-${task.name.slice(0, 40)}-${index}`)))
})

test('the link of the first administrator signs in, once', async () => {
  const page = await openPage(admin)
  await page.goto(service.firstLink ?? '')
  await page
    .getByRole('button', { name: 'Start my server' })
    .or(page.getByRole('link', { name: 'Start my server' }))
    .first()
    .waitFor()
  await keepPicture(page, 'home')
  expect(troubles).toEqual([])

  const stranger = await browser.newContext()
  const again = await stranger.newPage()
  await again.goto(service.firstLink ?? '')
  expect(again.url()).toContain('/hub/')
  await again.goto(`${service.url}/`)
  await again.getByLabel('User name').waitFor()
  await stranger.close()
})

test('an example is copied, run in the lab, and its plot shared on the web', async () => {
  const page = await openPage(admin)
  await page.goto(`${service.url}/gallery`)
  await page.getByRole('button', { name: 'Open in my space: Cinemas in canton Zurich' }).click()
  await page.waitForURL(/\/user\/admin\/lab\/tree\/examples\/cinemas\/cinemas\.ipynb/)
  const lab = createLabPage(page, `${service.url}/user/admin/`)
  await lab.front.locator('.jp-Notebook-cell').first().waitFor()
  await lab.idle()
  await lab.choose('Run', 'Run All Cells')
  await lab.outputs.locator('img[src^="data:image/png"]').waitFor()
  await lab.outputs.getByText('change_per_year').last().waitFor()
  await lab.idle()
  await page.keyboard.press('Control+s')
  await keepPicture(page, 'lab')

  await lab.chooseFor('cinemas.png', 'Share…')
  await page.getByRole('button', { name: 'Create link', exact: true }).click()
  const address = await page.getByLabel('Address of the link').inputValue()
  await keepPicture(page, 'lab-share')
  expect(address).toMatch(new RegExp(`^${service.url}/s/`))
  expect(troubles).toEqual([])

  const stranger = await browser.newContext({ viewport: { width: 1400, height: 900 } })
  const shown = await openPage(stranger)
  await shown.goto(address)
  const picture = shown.getByRole('img', { name: /cinemas\.png/ })
  await picture.waitFor()
  await expect.poll(async () => widthOf(picture)).toBeGreaterThan(500)
  await keepPicture(shown, 'link')
  await findNothing(shown)
  expect(troubles).toEqual([])
  await stranger.close()
})

test('a notebook that is shared shows its plots, and nothing beside it', async () => {
  const created = await cygnet(service.data, ['share', 'create', 'admin', 'examples/cinemas/cinemas.ipynb', '--link'])
  const stranger = await browser.newContext({ viewport: { width: 1400, height: 900 } })
  const page = await openPage(stranger)
  await page.goto(created.output.trim())
  await page.getByRole('heading', { name: 'Cinemas in canton Zurich, 1966–2025' }).waitFor()
  await page.locator('img[src^="data:image/png"]').first().waitFor()
  await keepPicture(page, 'link-notebook')
  await findNothing(page)
  const token = created.output.trim().split('/').at(-1)
  const beside = await page.request.get(`${service.url}/api/v1/trees/link-${token}/content?path=..%2Fcinemas.csv`)
  expect(beside.status()).toBeGreaterThanOrEqual(400)
  expect(troubles).toEqual([])
  await stranger.close()
})

test('what is shared with a colleague appears on their page and in their running session', async () => {
  await cygnet(service.data, ['user', 'add', 'ben'], `${password}\n`)
  const ben = await browser.newContext({ viewport: { width: 1400, height: 900 } })
  const page = await openPage(ben)
  await page.goto(`${service.url}/`)
  await page.getByLabel('User name').fill('ben')
  await page.getByLabel('Password').fill(password)
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Start my server' }).first().click()
  await page.waitForURL(/\/user\/ben\/lab/)
  const lab = createLabPage(page, `${service.url}/user/ben/`)
  await lab.createNotebook()
  await lab.run('print(6 * 7)')
  await lab.outputs.getByText('42', { exact: true }).waitFor()

  await cygnet(service.data, ['share', 'create', 'admin', 'examples/cinemas', '--with', 'ben', '--write'])
  const code = `import os, time
while not os.path.exists('Shared with me/cinemas/cinemas.ipynb'): time.sleep(0.1)
open('Shared with me/cinemas/from-ben.txt', 'w').write('hello')
print('seen')`
  await lab.run(code)
  await lab.outputs.getByText('seen', { exact: true }).waitFor()
  await page.goto(`${service.url}/shared`)
  await page.getByRole('link', { name: 'cinemas' }).first().click()
  await page.getByText('from-ben.txt').waitFor()
  await keepPicture(page, 'shared')
  await findNothing(page)
  await ben.close()

  const owner = await admin.newPage()
  const written = await owner.request.get(`${service.url}/api/v1/trees/home/content?path=examples/cinemas/from-ben.txt`)
  expect(await written.text()).toBe('hello')
  await owner.close()
})

test('a service that was killed finds its servers again, kernels and all', async () => {
  const page = await openPage(admin)
  const lab = createLabPage(page, `${service.url}/user/admin/`)
  await lab.open('lab?reset')
  await lab.createNotebook()
  await lab.run('kept = 6 * 7\nprint("kept it")')
  await lab.outputs.getByText('kept it', { exact: true }).waitFor()
  const kernels = `${service.url}/user/admin/api/kernels`
  const before = (await (await page.request.get(kernels)).json()) as Array<{ id: string }>
  await page.close()

  const port = Number(new URL(service.url).port)
  await service.kill()
  service = await startService({ data: service.data, config: { port } })
  const after = (await (await admin.request.get(kernels)).json()) as Array<{ id: string }>
  expect(after.map((kernel) => kernel.id)).toEqual(before.map((kernel) => kernel.id))
})

test.each([
  [1400, 'light'],
  [1400, 'dark'],
  [420, 'light'],
  [420, 'dark'],
] as const)('axe finds nothing on the pages, %i pixels wide, %s', { timeout: 180_000 }, async (width, colorScheme) => {
  await cygnet(service.data, ['server', 'stop', 'admin'])
  const viewport = { width, height: 900 }
  const context = await browser.newContext({ colorScheme, viewport, storageState: await admin.storageState() })
  const stranger = await browser.newContext({ colorScheme, viewport })
  const table = 'files/examples/cinemas/cinemas-trend.csv'
  for (const path of [
    '',
    'start',
    'files',
    table,
    'shared',
    'gallery',
    'account',
    'none',
    'hub/logout',
    'user/admin/lab',
  ])
    await visit(context, path)
  for (const path of ['hub/login', 's/never-was']) await visit(stranger, path)
  await context.close()
  await stranger.close()

  async function visit(visitor: BrowserContext, path: string): Promise<void> {
    const page = await visitor.newPage()
    await page.goto(`${service.url}/${path}`)
    await page.locator('h1, h2').first().waitFor()
    await page.waitForLoadState('networkidle')
    await keepPicture(page, `${path.replaceAll('/', '-') || 'home'}-${width}-${colorScheme}`)
    await findNothing(page)
    expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true)
    await page.close()
  }
})

async function openPage(context: BrowserContext): Promise<Page> {
  const page = await context.newPage()
  page.setDefaultTimeout(30_000)
  troubles = watchPage(page, new URL(service.url).origin)
  return page
}

/** Of a picture as it was loaded, in pixels. */
async function widthOf(picture: Locator): Promise<number> {
  return Number(await picture.evaluate((image: { naturalWidth?: number }) => image.naturalWidth))
}

async function keepPicture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(artifacts, `${name}.png`), fullPage: !name.startsWith('lab') })
}

async function findNothing(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(' ')}`)).toEqual([])
}
