import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { launchBrowser } from '../lab/browser.ts'
import { cygnetCommand, softwareFolder } from '../support/service.ts'
import { createVisitor } from '../support/visitor.ts'

const artifacts = fileURLToPath(new URL('../../artifacts', import.meta.url))

let folder: string
let service: ChildProcessByStdio<null, Readable, Readable> | undefined

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cygnet-isolation-'))
})

afterEach(async () => {
  if (service?.exitCode === null && service.kill('SIGTERM')) await once(service, 'exit')
  await rm(folder, { recursive: true, force: true })
})

/** The service as an operator starts it, on a machine whose pasta fails. */
async function start(sandbox: object, flags: string[] = []): Promise<ChildProcessByStdio<null, Readable, Readable>> {
  const pasta = join(folder, 'pasta')
  await writeFile(pasta, '#!/bin/sh\n[ "$1" = --version ] && exit 0\necho "No such tap" >&2\nexit 1\n')
  await chmod(pasta, 0o755)
  const config = join(folder, 'config.yaml')
  await writeFile(config, JSON.stringify({ port: 0, software: { folder: softwareFolder() }, sandbox }))
  const script = `mount --bind '${pasta}' "$(command -v pasta)" && exec "$@"`
  const command = [
    process.execPath,
    cygnetCommand,
    'start',
    '--data',
    join(folder, 'data'),
    '--config',
    config,
    ...flags,
  ]
  service = spawn('unshare', ['--mount', 'sh', '-c', script, 'sh', ...command], { stdio: ['ignore', 'pipe', 'pipe'] })
  return service
}

test('at the end of the start the operator reads, once, what does not keep servers apart', async () => {
  const { stdout, stderr } = await start({ network: 'auto' })
  let [said, notes] = ['', '']
  stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  stderr.on('data', (chunk: Buffer) => (notes += chunk.toString()))
  await expect.poll(() => notes, { timeout: 50_000 }).toMatch(/To mend it: .*\n/)
  expect(said).toContain('Cygnet is ready at')
  const plain = notes.replaceAll(/\s+/g, ' ')
  for (const words of [
    'share this machine’s network',
    'No such tap',
    'its loopback',
    'each other’s ports',
    'metadata service',
  ])
    expect(plain.split(words), words).toHaveLength(2)
})

test('administrators see it on their home page until they have read it, and nobody else does', async () => {
  const { stdout } = await start({ network: 'auto' }, ['--json'])
  const [line] = (await once(createInterface(stdout), 'line')) as [string]
  const { url, firstLink } = JSON.parse(line) as { url: string; firstLink: string }
  const admin = createVisitor(url)
  await admin.request('GET', firstLink)
  await admin.send('GET', '/')
  await admin.send('PUT', '/api/v1/account/password', { next: 'a good password' })
  expect(await (await admin.send('GET', '/api/v1/isolation-gaps')).json()).toMatchObject([
    { kind: 'network', message: expect.stringContaining('No such tap') as string },
  ])
  await admin.send('POST', '/hub/api/users/ben', { password: 'another good password' })

  const browser = await launchBrowser()
  try {
    const ben = await signIn(browser, url, 'ben', 'another good password')
    await ben.getByRole('heading', { name: 'From the gallery' }).waitFor()
    expect(await ben.getByRole('region', { name: /less apart/ }).count()).toBe(0)
    expect(await ben.evaluate(`fetch('/api/v1/isolation-gaps').then(({ status }) => status)`)).toBe(403)

    const page = await signIn(browser, url, 'admin', 'a good password')
    const notice = page.getByRole('region', { name: /less apart/ })
    await notice.getByText('No such tap').waitFor()
    await mkdir(artifacts, { recursive: true })
    for (const [width, colorScheme] of [1400, 420].flatMap((one) => [
      [one, 'light'] as const,
      [one, 'dark'] as const,
    ])) {
      await page.setViewportSize({ width, height: 900 })
      await page.emulateMedia({ colorScheme })
      await page.screenshot({ path: join(artifacts, `isolation-${width}-${colorScheme}.png`) })
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
    }
    await notice.getByRole('button', { name: /Do not show/ }).click()
    await notice.waitFor({ state: 'detached' })
    await page.reload()
    await page.getByRole('heading', { name: 'From the gallery' }).waitFor()
    expect(await notice.count()).toBe(0)
  } finally {
    await browser.close()
  }
})

test('where a network of its own is required, the service does not start without it', async () => {
  const started = await start({ network: 'private' })
  const [said, notes, [code]] = await Promise.all([text(started.stdout), text(started.stderr), once(started, 'close')])
  expect({ code, said }).toEqual({ code: 1, said: '' })
  expect(notes).toContain('No such tap')
})

async function signIn(browser: Browser, url: string, name: string, password: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage()
  await page.goto(`${url}/hub/login`)
  await page.getByLabel('User name').fill(name)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.keyboard.press('Enter')
  await page.waitForURL(`${url}/`)
  return page
}
