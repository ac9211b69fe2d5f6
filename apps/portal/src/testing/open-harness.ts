import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { chromium, type Page } from 'playwright-core'
import { build, type Rolldown } from 'vite'

export type Harness = typeof import('./harness.tsx')

export interface OpenHarness {
  page: Page
  /** Everything the page asked of another host. */
  outside: string[]
  /** Errors of the page and its console. */
  errors: string[]
  /** Calls one of the harness's functions in the page. */
  call: <Name extends keyof Harness>(name: Name, ...args: Parameters<Harness[Name]>) => Promise<void>
  close: () => Promise<void>
}

/**
 * Builds the harness, serves it from memory and opens it in a real browser. No content security policy helps: the
 * components themselves have to keep what is hostile from running.
 */
export async function openHarness(): Promise<OpenHarness> {
  const files = await buildHarness()
  const styles = [...files.keys()].filter((name) => name.endsWith('.css'))
  const links = styles.map((name) => `<link rel="stylesheet" href="/${name}">`).join('')
  const start = `<!doctype html><html lang="en"><title>Harness</title>${links}</html>`
  const server = createServer((request, response) => {
    const file = files.get(new URL(request.url ?? '/', 'http://localhost').pathname.slice(1))
    const type = request.url?.endsWith('.css') === true ? 'text/css' : 'text/javascript'
    if (file !== undefined) response.writeHead(200, { 'content-type': type }).end(file)
    else if (request.url === '/') response.writeHead(200, { 'content-type': 'text/html' }).end(start)
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
  const page = await browser.newPage()
  const outside: string[] = []
  const errors: string[] = []
  page.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(`${origin}/`) && !url.startsWith('data:') && !url.startsWith('blob:')) outside.push(url)
  })
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('dialog', (dialog) => {
    errors.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  await page.goto(`${origin}/`)
  await page.evaluate(`import('/harness.js').then((module) => { window.harness = module })`)
  return {
    page,
    outside,
    errors,
    call: (name, ...args) => page.evaluate(`window.harness[${JSON.stringify(name)}](...${JSON.stringify(args)})`),
    close: async () => {
      await browser.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function buildHarness(): Promise<Map<string, string | Uint8Array>> {
  const built = (await build({
    configFile: false,
    root: fileURLToPath(new URL('../..', import.meta.url)),
    logLevel: 'error',
    publicDir: false,
    build: {
      write: false,
      minify: false,
      modulePreload: { polyfill: false },
      rolldownOptions: {
        input: fileURLToPath(new URL('./harness.tsx', import.meta.url)),
        preserveEntrySignatures: 'strict',
        output: { entryFileNames: 'harness.js' },
      },
    },
  })) as Rolldown.RolldownOutput
  return new Map(built.output.map((file) => [file.fileName, file.type === 'chunk' ? file.code : file.source]))
}
