import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { launchBrowser } from './browser.ts'
import type { LabPage } from './lab-page.ts'
import { createLabPage } from './lab-page.ts'
import { startNotebookServer, type TestServer } from './notebook-server.ts'
import { watchPage } from './watch-page.ts'

/** Kept outside git, for people to look at. */
const artifacts = path.resolve(import.meta.dirname, '../../artifacts/lab')

/** Milliseconds that anything in a page may take on a busy machine. */
const patience = 20_000

const started = new AsyncDisposableStack()
let server: TestServer
let browser: Browser
let lab: LabPage
let troubles: string[]

beforeAll(async () => {
  await mkdir(artifacts, { recursive: true })
  server = started.use(await startNotebookServer())
  browser = await launchBrowser()
  started.defer(() => browser.close())
})

afterAll(() => started.disposeAsync())

beforeEach(async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
  const page = await context.newPage()
  page.setDefaultTimeout(patience)
  troubles = watchPage(page, new URL(server.url).origin)
  lab = createLabPage(page, server.url)
  await lab.open(`lab?reset&token=${server.token}`)
})

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await keepPicture(`failed: ${task.name}`)
  await lab.page.context().close()
  expect(troubles).toEqual([])
})

test('the launcher appears, and no token stays in the address', async () => {
  await lab.page.locator('.jp-LauncherCard').first().waitFor()
  expect(lab.page.url()).not.toContain('token')
  await keepPicture('launcher')
})

test('cells run: text, a plot, Markdown with formulas', async () => {
  await lab.createNotebook()
  await lab.run('print(6 * 7)')
  await lab.outputs.getByText('42', { exact: true }).waitFor()
  await lab.run(
    'import numpy as np\nfrom matplotlib import pyplot as plt\nx = np.linspace(0, 10)\nplt.plot(x, np.sin(x))',
  )
  await lab.outputs.locator('img[src^="data:image/png"]').waitFor()
  await lab.page.keyboard.press('Escape')
  await lab.page.keyboard.press('m')
  await lab.run('The identity $e^{i\\pi} + 1 = 0$ is **beautiful**.')
  await lab.front.locator('.jp-MarkdownOutput mjx-container mjx-math').waitFor()
  await lab.front.locator('.jp-MarkdownOutput strong', { hasText: 'beautiful' }).waitFor()
  await keepPicture('notebook')
  await saveAs('tour.ipynb')
  await savedText('tour.ipynb').toContain('image/png')
})

test('a cell asks for input', async () => {
  await lab.createNotebook()
  await lab.run('name = input("Who? ")\nprint("Hello,", name)')
  await lab.outputs.locator('input.jp-Stdin-input').fill('Ada')
  await lab.page.keyboard.press('Enter')
  await lab.outputs.getByText('Hello, Ada').waitFor()
})

test('a kernel is interrupted and restarted', async () => {
  await lab.createNotebook()
  await lab.run('kept = 1\nprint("running")\nwhile True: pass')
  await lab.outputs.getByText('running').waitFor()
  await lab.choose('Kernel', 'Interrupt Kernel')
  await lab.outputs.getByText('KeyboardInterrupt').first().waitFor()
  await lab.choose('Kernel', 'Restart Kernel…')
  await lab.dialog.getByRole('button', { name: 'Confirm Kernel Restart' }).click()
  await lab.idle()
  await lab.run('print("kept" in globals())')
  await lab.outputs.getByText('False').waitFor()
})

test('a cell whose kernel dies in its first moment says so', async () => {
  await lab.createNotebook()
  await lab.run('import ctypes; ctypes.string_at(0)')
  await lab.outputs.getByText('The kernel died while this ran: it was ended by SIGSEGV').waitFor()
  await lab.dialog.getByRole('button', { name: 'Ok' }).click()
  await lab.idle()
  await keepPicture('kernel died')
  await poll(() => lab.front.locator('.jp-InputPrompt').first().textContent()).toBe('[ ]:')
  await lab.run('print("back")')
  await lab.outputs.getByText('back', { exact: true }).waitFor()
  // What JupyterLab itself asks a new kernel, and takes back where it dies; nobody sees it.
  troubles = troubles.filter((trouble) => !/Canceled future for \w+_request/.test(trouble))
})

test('a notebook with NaN is opened, changed and saved, and NaN stays', async () => {
  const text = (source: string) => `{
 "cells": [
  {
   "cell_type": "code",
   "execution_count": 1,
   "id": "a",
   "metadata": {
    "score": NaN
   },
   "outputs": [
    {
     "data": {
      "application/json": {
       "limit": -Infinity,
       "loss": NaN,
       "one": 1.0
      },
      "text/plain": [
       "<JSON>"
      ]
     },
     "metadata": {},
     "output_type": "display_data"
    }
   ],
   "source": [
    "${source}"
   ]
  }
 ],
 "metadata": {
  "kernelspec": {
   "display_name": "Python 3 (ipykernel)",
   "language": "python",
   "name": "python3"
  },
  "language_info": {
   "name": "python"
  },
  "total": 12345678901234567890
 },
 "nbformat": 4,
 "nbformat_minor": 5
}
`
  await writeFile(path.join(server.home, 'nan.ipynb'), text('show()'))
  await lab.open('lab/tree/nan.ipynb?reset')
  await lab.outputs.getByText('loss').waitFor()
  await keepPicture('nan')
  await lab.front.locator('.jp-Notebook .cm-content').first().fill('show(again)')
  await lab.choose('File', 'Save Notebook')
  await savedText('nan.ipynb').toContain('show(again)')
  expect(comparable(await readFile(path.join(server.home, 'nan.ipynb'), 'utf8'))).toBe(comparable(text('show(again)')))
})

/** Without what the kernel says of its language. */
function comparable(text: string): string {
  return text.replace(/"language_info": \{[^]*?\n {2}\}/, '')
}

test('a console runs code', async () => {
  await lab.page.locator('.jp-LauncherCard[data-category="Console"]').first().click()
  await lab.page.getByText('| Idle').waitFor()
  const prompt = lab.front.locator('.jp-CodeConsole-promptCell .cm-content')
  await prompt.fill('6 * 7')
  await lab.page.keyboard.press('Shift+Enter')
  await lab.outputs.getByText('42', { exact: true }).waitFor()
})

test('a terminal runs commands in the home', async () => {
  await lab.page.locator('.jp-LauncherCard', { hasText: 'Terminal' }).click()
  await lab.front.locator('.xterm-helper-textarea').focus()
  await lab.page.keyboard.type('echo $((6*7)) > made-by-terminal.txt\n')
  await savedText('made-by-terminal.txt').toBe('42\n')
  await refresh()
  await lab.item('made-by-terminal.txt').waitFor()
})

test('settings are kept', async () => {
  await lab.choose('Settings', 'Settings Editor')
  await lab.front.locator('.jp-PluginList').getByRole('searchbox').fill('terminal')
  await lab.front.locator('.jp-PluginList-entry', { hasText: 'Terminal' }).first().click()
  const size = lab.front.locator('input[id$="fontSize"]')
  await size.fill('17')
  await size.press('Tab')
  await poll(() => savedSetting('@jupyterlab/terminal-extension:plugin')).toContain('"fontSize": 17')
  await lab.open('lab?reset')
  await lab.choose('Settings', 'Settings Editor')
  await lab.front.locator('.jp-PluginList-entry', { hasText: 'Terminal' }).first().click()
  await poll(() => lab.front.locator('input[id$="fontSize"]').inputValue()).toBe('17')
})

test('the theme changes and stays', async () => {
  await lab.choose('Settings', 'Theme', 'JupyterLab Dark')
  await theme('body[data-jp-theme-light="false"]')
  await lab.createNotebook()
  await lab.run('print("dark")')
  await lab.outputs.getByText('dark').waitFor()
  await keepPicture('dark')
  await lab.open('lab?reset')
  await theme('body[data-jp-theme-name="JupyterLab Dark"]')
  await lab.choose('Settings', 'Theme', 'JupyterLab Dark High Contrast')
  await theme('body[data-jp-theme-name="JupyterLab Dark High Contrast"]')
  await lab.choose('Settings', 'Theme', 'JupyterLab Light')
  await theme('body[data-jp-theme-light="true"]')
})

test('a narrow window is the document’s', async () => {
  await lab.page.setViewportSize({ width: 420, height: 800 })
  await lab.open('lab?reset')
  await lab.page.locator('#jp-left-stack').waitFor({ state: 'hidden' })
  await keepPicture('narrow')
})

test('what the server cannot do is not offered', async () => {
  await lab.createNotebook()
  await lab.idle()
  await lab.page.locator('.lm-MenuBar-item', { hasText: /^File$/ }).click()
  await lab.page.locator('.lm-Menu-item', { hasText: 'Save Notebook As' }).waitFor()
  expect(await lab.page.locator('.lm-Menu-item', { hasText: 'Export Notebook' }).count()).toBe(0)
  const print = lab.page.locator('.lm-Menu-item', { hasText: 'Print' })
  expect(await print.getAttribute('class')).toContain('lm-mod-disabled')
})

test('files are renamed, copied, edited and deleted', async () => {
  await writeFile(path.join(server.home, 'first.txt'), 'one\n')
  await refresh()
  await lab.chooseFor('first.txt', 'Rename')
  await lab.page.locator('.jp-DirListing-editor').fill('second.txt')
  await lab.page.keyboard.press('Enter')
  await savedText('second.txt').toBe('one\n')
  await lab.chooseFor('second.txt', 'Duplicate')
  await savedText('second-Copy1.txt').toBe('one\n')
  await lab.item('second-Copy1.txt').waitFor()
  await lab.item('second.txt').dblclick()
  await lab.front.locator('.cm-content').fill('two\n')
  await lab.choose('File', 'Save Text')
  await savedText('second.txt').toBe('two\n')
  await lab.chooseFor('second-Copy1.txt', 'Delete')
  await lab.dialog.getByRole('button', { name: 'Delete' }).click()
  await savedText('second-Copy1.txt').toBeUndefined()
  await lab.item('second-Copy1.txt').waitFor({ state: 'detached' })
})

test('a table and a picture are shown', async () => {
  await writeFile(path.join(server.home, 'table.csv'), 'year,cinemas\n1966,101\n2025,37\n')
  await lab.open('lab/tree/table.csv?reset')
  await lab.front.locator('.lm-DataGrid').waitFor()
  await writeFile(
    path.join(server.home, 'dot.svg'),
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="9"/></svg>',
  )
  await lab.open('lab/tree/dot.svg?reset')
  await lab.front.locator('.jp-ImageViewer img').waitFor()
})

test('Markdown is shown with the pictures beside it', async () => {
  await mkdir(path.join(server.home, 'report'))
  await writeFile(
    path.join(server.home, 'report/curve.svg'),
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="9"/></svg>',
  )
  await writeFile(path.join(server.home, 'report/text.md'), '# Report\n\n![a curve](curve.svg)\n\n[on](../table.csv)\n')
  await lab.open('lab/tree/report/text.md?reset')
  await lab.chooseFor('text.md', 'Open With', 'Markdown Preview')
  await lab.front.getByRole('heading', { name: 'Report' }).waitFor()
  const picture = lab.front.getByAltText('a curve')
  const width = () => picture.evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth)
  await poll(width).toBe(9)
})

test('a notebook goes back to its checkpoint', async () => {
  await lab.createNotebook()
  await lab.run('first = 1')
  await saveAs('checkpoint.ipynb')
  await lab.run('second = 2')
  const second = lab.front.locator('.cm-line', { hasText: 'second' })
  await second.waitFor()
  await lab.choose('File', 'Revert Notebook to Checkpoint…')
  await lab.dialog.getByRole('button', { name: 'Revert' }).click()
  await second.waitFor({ state: 'detached' })
  await lab.front.locator('.cm-line', { hasText: 'first' }).waitFor()
})

test('a deep link opens its document, also alone', async () => {
  await mkdir(path.join(server.home, 'deep', 'er'), { recursive: true })
  await writeFile(path.join(server.home, 'deep/er/linked.ipynb'), notebook('print("linked")'))
  await lab.open('lab/tree/deep/er/linked.ipynb')
  await lab.front.locator('.jp-Notebook').getByText('linked').waitFor()
  await lab.item('linked.ipynb').waitFor()
  await lab.idle()
  await lab.open('doc/tree/deep/er/linked.ipynb')
  await lab.front.locator('.jp-Notebook').getByText('linked').waitFor()
  await lab.idle()
})

test('the workspace comes back after a reload', async () => {
  await lab.createNotebook()
  await lab.idle()
  const tab = lab.page.locator('.lm-DockPanel-tabBar .lm-TabBar-tabLabel', { hasText: '.ipynb' })
  const name = await tab.textContent()
  await poll(savedWorkspaces).toContain(name)
  await lab.page.reload()
  await tab.waitFor()
  expect(await tab.textContent()).toBe(name)
})

test('a slider works with its function', async () => {
  await lab.createNotebook()
  await lab.run('from ipywidgets import interact\n@interact(n=(0, 10))\ndef square(n=3):\n    print(n * n)')
  await lab.outputs.getByText('9', { exact: true }).waitFor()
  await lab.outputs.locator('.widget-slider .noUi-handle').focus()
  await lab.page.keyboard.press('ArrowRight')
  await lab.outputs.getByText('16', { exact: true }).waitFor()
  await keepPicture('widgets')
})

/** Waits for the theme; the page's body has no size, so that it counts as hidden. */
async function theme(selector: string): Promise<void> {
  await lab.page.locator(selector).waitFor({ state: 'attached' })
}

/** What the file in the home holds, polled; undefined where there is none. */
function savedText(name: string) {
  return poll(() => readFile(path.join(server.home, name), 'utf8').catch(() => undefined))
}

/** Looks until it fits, for as long as the page would wait for an element. */
function poll<T>(look: () => Promise<T>) {
  return expect.poll(look, { timeout: patience })
}

/** Saves the new notebook in front; JupyterLab asks for its name the first time. */
async function saveAs(name: string): Promise<void> {
  await lab.choose('File', 'Save Notebook')
  await lab.dialog.locator('input').first().fill(name)
  await lab.dialog.getByRole('button', { name: 'Rename' }).click()
  await lab.item(name).waitFor()
}

/** Has the file browser look at once instead of after its ten seconds. */
async function refresh(): Promise<void> {
  await lab.page
    .getByRole('button', { name: /^Refresh/ })
    .first()
    .click()
}

async function savedSetting(id: string): Promise<string> {
  const response = await lab.page.request.get(`${server.url}lab/api/settings/${id}`)
  return ((await response.json()) as { raw: string }).raw
}

async function savedWorkspaces(): Promise<string> {
  const response = await lab.page.request.get(`${server.url}lab/api/workspaces`)
  return await response.text()
}

async function keepPicture(name: string): Promise<void> {
  await lab.page.screenshot({ path: path.join(artifacts, `${name}.png`) })
}

function notebook(source: string): string {
  const cell = { cell_type: 'code', id: 'one', execution_count: null, metadata: {}, outputs: [], source }
  const kernelspec = { name: 'python3', display_name: 'Python 3 (ipykernel)', language: 'python' }
  return JSON.stringify({ cells: [cell], metadata: { kernelspec }, nbformat: 4, nbformat_minor: 5 })
}
