import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, BrowserContext, Locator } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { cygnet } from '../support/command.ts'
import type { RunningService } from '../support/service.ts'
import { removeData, startService } from '../support/service.ts'
import { launchBrowser } from './browser.ts'
import type { LabPage } from './lab-page.ts'
import { createLabPage } from './lab-page.ts'
import { watchPage } from './watch-page.ts'

/** Kept outside git, for people to look at. */
const artifacts = path.resolve(import.meta.dirname, '../../artifacts/lab')

const started = new AsyncDisposableStack()
let service: RunningService
let browser: Browser
let admin: BrowserContext
let home: string
let lab: LabPage
let share: Locator
let troubles: string[]

beforeAll(async () => {
  await mkdir(artifacts, { recursive: true })
  service = await startService()
  started.defer(() => removeData(service))
  started.defer(async () => void (await service.stop()))
  browser = await launchBrowser()
  started.defer(() => browser.close())
  const added = await cygnet(service.data, ['user', 'add', 'ada'], 'a good password\n')
  if (added.code !== 0) throw new Error(added.errors)

  admin = await browser.newContext({ viewport: { width: 1280, height: 900 } })
  await admin.grantPermissions(['clipboard-read', 'clipboard-write'])
  home = path.join(service.data, 'homes', 'admin')
  await startServer()
})

afterAll(() => started.disposeAsync())

beforeEach(async () => {
  const page = await admin.newPage()
  page.setDefaultTimeout(20_000)
  troubles = watchPage(page, service.url)
  lab = createLabPage(page, `${service.url}/user/admin/`)
  share = page.locator('dialog.cygnet-Share')
})

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await keepPicture(`failed: ${task.name}`)
  await lab.page.close()
  expect(troubles).toEqual([])
})

test('a file is shared by a link that opens without an account', async () => {
  await writeFile(path.join(home, 'result.txt'), 'forty-two\n')
  await lab.open('lab?reset')
  await lab.chooseFor('result.txt', 'Share…')
  await share.getByRole('button', { name: 'Create link' }).click()
  await share.getByRole('button', { name: 'Copy' }).click()
  await share.getByRole('button', { name: 'Copied' }).waitFor()
  const url = await lab.page.evaluate<string>('navigator.clipboard.readText()')
  expect(url).toBe(await share.getByLabel('Address of the link').inputValue())
  expect((await fetch(url)).status).toBe(200)

  await share.getByRole('button', { name: 'Change…' }).click()
  await share.getByLabel('Ask for a password').check()
  await share.getByLabel('Password', { exact: true }).fill('open sesame')
  await share.getByLabel('Expires').selectOption('In a week')
  await share.getByRole('button', { name: 'Save' }).click()
  await share.getByText('With a password · Expires on').waitFor()
  await keepPicture('share')
  await share.getByRole('button', { name: 'Revoke' }).click()
  await share.getByLabel('Address of the link').waitFor({ state: 'detached' })
  const api = `${service.url}/api/v1/links/${url.split('/').at(-1) ?? ''}`
  expect((await fetch(api)).status).toBe(404)
})

test('a folder is shared with a user by keyboard alone', async () => {
  await mkdir(path.join(home, 'figures'), { recursive: true })
  await lab.open('lab?reset')
  await lab.item('figures').click({ button: 'right' })
  await lab.page.keyboard.press('s')
  await share.getByRole('button', { name: 'Create link' }).waitFor()
  const { keyboard } = lab.page
  await keyboard.press('Tab')
  const name = share.locator('input:focus[aria-label="Name of a user"]')
  while ((await name.count()) === 0) await keyboard.press('Tab')
  await keyboard.type('ada')
  await keyboard.press('Tab')
  await keyboard.press('ArrowDown')
  await keyboard.press('Tab')
  await keyboard.press('Enter')
  await share.getByLabel('What ada can do').waitFor()
  expect(await share.getByLabel('What ada can do').inputValue()).toBe('write')
  await keyboard.press('Escape')
  await share.waitFor({ state: 'detached' })
})

test('what cannot be shared says why', async () => {
  await writeFile(path.join(home, 'alone.txt'), 'mine\n')
  await lab.open('lab?reset')
  await lab.chooseFor('alone.txt', 'Share…')
  await share.getByLabel('Name of a user').fill('nobody-of-this-name')
  await share.getByRole('button', { name: 'Share', exact: true }).click()
  await share.getByRole('alert').getByText('nobody-of-this-name').waitFor()
  // The refusal itself is what was asked for here.
  troubles.length = 0
  await share.getByLabel('Name of a user').fill('ada')
  await share.getByRole('button', { name: 'Share', exact: true }).click()
  await share.getByLabel('What ada can do').waitFor()
  expect(await share.getByRole('alert').textContent()).toBe('')
})

test('a notebook is saved before it is shared, in either theme', async () => {
  await lab.open('lab?reset')
  await lab.createNotebook()
  await lab.run('print("shared")')
  await lab.outputs.getByText('shared').waitFor()
  await lab.front.getByRole('button', { name: 'Share' }).click()
  await share.getByRole('button', { name: 'Create link' }).waitFor()
  await lab.page.locator('.lm-TabBar-tab.jp-mod-current:not(.jp-mod-dirty)').waitFor()
  await expectAccessible()
  await lab.page.keyboard.press('Escape')
  await lab.choose('Settings', 'Theme', 'JupyterLab Dark')
  await lab.page.locator('body[data-jp-theme-light="false"]').waitFor({ state: 'attached' })
  await lab.choose('File', 'Share…')
  await share.getByRole('button', { name: 'Create link' }).click()
  await share.getByLabel('Address of the link').waitFor()
  await expectAccessible()
  await keepPicture('share-dark')
  await lab.page.keyboard.press('Escape')
  await lab.choose('Settings', 'Theme', 'JupyterLab Light')
  await lab.page.locator('body[data-jp-theme-light="true"]').waitFor({ state: 'attached' })
})

test('what others share is not the user’s to share', async () => {
  await mkdir(path.join(home, 'Shared with me'), { recursive: true })
  await lab.open('lab?reset')
  await lab.chooseFor('Shared with me', 'Share…')
  await share.getByText('only its owner can share it').waitFor()
})

test('the swan leads home, and the File menu out', async () => {
  await lab.open('lab?reset')
  await lab.page.getByRole('link', { name: 'Home' }).click()
  await lab.page.waitForURL(`${service.url}/`)
  await lab.open('lab?reset')
  await lab.choose('File', 'Sign Out')
  await lab.page.waitForURL(`${service.url}/hub/logout`)
})

test('a sign-in that has ended can be renewed from where one is', async () => {
  await lab.open('lab?reset')
  const cookies = await admin.cookies()
  await admin.clearCookies()
  await lab.page.getByText('You are signed out').waitFor({ timeout: 60_000 })
  const [page] = await Promise.all([
    admin.waitForEvent('page'),
    lab.page.getByRole('button', { name: 'Sign in' }).click(),
  ])
  await page.getByLabel('Password').waitFor()
  await page.close()
  await admin.addCookies(cookies)
  // Requests of nobody are refused; that was the point.
  troubles.length = 0
})

test('a server that has stopped can be started from where one is', async () => {
  await lab.open('lab?reset')
  await callHub('DELETE')
  await lab.page.getByText('Your server has stopped').waitFor({ timeout: 60_000 })
  const [page] = await Promise.all([
    admin.waitForEvent('page'),
    lab.page.getByRole('button', { name: 'Start my server' }).click(),
  ])
  await page.waitForURL(`${service.url}/start`)
  await page.close()
  // Requests to a server that is gone fail; that was the point.
  troubles.length = 0
})

async function startServer(): Promise<void> {
  const page = await admin.newPage()
  await page.goto(service.firstLink ?? '')
  await page.close()
  await callHub('POST')
  const status = async () => (await admin.request.get(`${service.url}/user/admin/api/status`)).status()
  await vi.waitFor(async () => expect(await status()).toBe(200), { timeout: 60_000, interval: 200 })
}

/** Starts (POST) or stops (DELETE) the administrator's server through JupyterHub's API, as their browser may. */
async function callHub(method: 'POST' | 'DELETE'): Promise<void> {
  const cookies = await admin.cookies(service.url)
  const xsrf = cookies.find(({ name }) => name === '_xsrf')?.value ?? ''
  const headers = { 'X-XSRFToken': xsrf, origin: service.url }
  const response = await admin.request.fetch(`${service.url}/hub/api/users/admin/server`, { method, headers })
  if (!response.ok()) throw new Error(`${method} server: ${String(response.status())} ${await response.text()}`)
}

async function expectAccessible(): Promise<void> {
  const { violations } = await new AxeBuilder({ page: lab.page }).include('dialog.cygnet-Share').analyze()
  expect(violations).toEqual([])
}

async function keepPicture(name: string): Promise<void> {
  await lab.page.screenshot({ path: path.join(artifacts, `${name}.png`) })
}
