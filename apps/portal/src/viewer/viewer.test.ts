import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openHarness, type OpenHarness } from '../testing/open-harness.ts'
import { hostileHtml, hostileMarkdown, hostileNames, hostileSvg, hostileTex } from '../testing/hostile.ts'

let harness: OpenHarness

beforeAll(async () => {
  harness = await openHarness()
})

afterAll(() => harness.close())

beforeEach(() => {
  harness.outside.length = 0
  harness.errors.length = 0
})

interface CellParts {
  data?: Record<string, unknown>
  output?: Record<string, unknown>
  markdown?: string
}

function createNotebook(cells: CellParts[]): string {
  return JSON.stringify({
    nbformat: 4,
    metadata: {},
    cells: cells.map(({ data, output, markdown }) =>
      markdown === undefined
        ? {
            cell_type: 'code',
            source: '1',
            outputs: [output ?? { output_type: 'display_data', data, metadata: {} }],
          }
        : { cell_type: 'markdown', source: markdown },
    ),
  })
}

async function showNotebook(cells: CellParts[]): Promise<void> {
  await harness.call('showFile', 'a.ipynb', createNotebook(cells))
  await harness.page
    .locator('.cell')
    .nth(cells.length - 1)
    .waitFor()
}

/** Touches everything, so that what waits for the pointer, the keyboard or a click would run. */
async function provoke(): Promise<void> {
  await harness.page.evaluate(async () => {
    for (const element of document.querySelectorAll<HTMLElement>('#root *')) {
      for (const type of [
        'mouseover',
        'mouseenter',
        'pointerover',
        'focus',
        'focusin',
        'toggle',
        'animationstart',
        'load',
      ])
        element.dispatchEvent(new Event(type, { bubbles: true }))
      if (element instanceof HTMLDetailsElement) element.open = true
    }
    await Promise.all([...document.images].map((image) => image.decode().catch(() => undefined)))
  })
}

/** Nothing ran, nothing was asked of anyone, and nothing that could do so is in the page. */
async function expectHarmless(): Promise<void> {
  await provoke()
  const found = await harness.page.evaluate(() => ({
    ran: (globalThis as { ran?: unknown }).ran ?? null,
    title: document.title,
    elements: [
      ...document.querySelectorAll(
        '#root :is(script, iframe, object, embed, form, textarea, select, link, meta, base, style:not([data-mantine-styles]), portal, frame, ' +
          'frameset, applet, audio, video, dialog, template, slot), .untrusted :is(svg, input, button)',
      ),
    ]
      .filter((element) => element.closest('.katex') === null)
      .map((element) => element.outerHTML.slice(0, 100)),
    attributes: [...document.querySelectorAll('.untrusted *')]
      .filter((element) => element.closest('.katex') === null)
      .flatMap((element) => element.getAttributeNames().map((name) => `${name}=${element.getAttribute(name)}`))
      .filter((text) =>
        /^(?:on|action|formaction|srcset|srcdoc|ping|autofocus|name|is|slot|contenteditable|popover)/i.test(text),
      ),
    addresses: [...document.querySelectorAll('.untrusted [href], .untrusted [src]')]
      .map((element) => element.getAttribute('href') ?? element.getAttribute('src') ?? '')
      .filter(
        (address) =>
          !/^(?:https?:\/\/|mailto:|#in-document-|data:image\/|\/files\/|\/api\/v1\/trees\/home\/content\?)/.test(
            address,
          ),
      ),
    placed: [...document.querySelectorAll('.untrusted *')]
      .filter((element) => element.closest('.katex') === null && getComputedStyle(element).position !== 'static')
      .map((element) => element.outerHTML.slice(0, 100)),
  }))
  expect(found).toEqual({ ran: null, title: 'Harness', elements: [], attributes: [], addresses: [], placed: [] })
  expect(harness.outside).toEqual([])
  expect(harness.errors).toEqual([])
}

describe('what is hostile does nothing', () => {
  test('the trap works: the same HTML put into a page as it is would run', async () => {
    await harness.page.evaluate(() => {
      const place = document.body.appendChild(document.createElement('div'))
      place.innerHTML = '<img src="x:" onerror="globalThis.ran = 1">'
    })
    await expect.poll(() => harness.page.evaluate(() => (globalThis as { ran?: unknown }).ran)).toBe(1)
    await harness.page.evaluate(() => delete (globalThis as { ran?: unknown }).ran)
  })

  test('HTML in the outputs of a notebook', async () => {
    await showNotebook(hostileHtml.map((html) => ({ data: { 'text/html': html, 'text/plain': 'plain' } })))
    await expectHarmless()
  })

  test('HTML and links in the Markdown of a notebook', async () => {
    await showNotebook([...hostileHtml, ...hostileMarkdown].map((markdown) => ({ markdown })))
    await expectHarmless()
  })

  test('a Markdown file', async () => {
    await harness.call('showFile', 'a.md', [...hostileHtml, ...hostileMarkdown].join('\n\n'))
    await harness.page.locator('.prose > *').first().waitFor()
    await expectHarmless()
  })

  test('drawings, in their own outputs and within HTML', async () => {
    await showNotebook([
      ...hostileSvg.map((svg) => ({ data: { 'image/svg+xml': svg } })),
      ...hostileSvg.map((svg) => ({ data: { 'text/html': `<div>${svg}</div>` } })),
    ])
    await expectHarmless()
  })

  test('images that are none', async () => {
    const sources = ['"><script>ran=1</script>', 'AAAA" onerror="ran=1', '../../x', 'AAAA']
    await showNotebook(sources.map((source) => ({ data: { 'image/png': source, 'text/plain': '<b>x</b>' } })))
    await expectHarmless()
  })

  test('formulas', async () => {
    await showNotebook([
      ...hostileTex.map((tex) => ({ markdown: `$$${tex}$$` })),
      ...hostileTex.map((tex) => ({ data: { 'text/latex': `$${tex}$` } })),
    ])
    await harness.page.locator('.katex').first().waitFor()
    await expectHarmless()
  })

  test('what programs print, and JSON', async () => {
    await showNotebook(
      hostileHtml.flatMap((html) => [
        { output: { output_type: 'stream', name: 'stdout', text: `\u001b[31m${html}\u001b[0m` } },
        { output: { output_type: 'error', ename: html, evalue: html, traceback: [html] } },
        { data: { 'application/json': { [html]: html } } },
        { data: { 'text/plain': html } },
        { data: { 'application/javascript': 'globalThis.ran = 1', 'text/plain': html } },
      ]),
    )
    await expectHarmless()
  })

  test('code in every language that is coloured', async () => {
    for (const name of ['a.py', 'a.html', 'a.js', 'a.css', 'a.json', 'a.yaml', 'a.tex', 'a.sql']) {
      await harness.call('showFile', name, hostileHtml.join('\n'))
      await harness.page.locator('.code-text').waitFor()
      await expectHarmless()
    }
  })

  test('tables of values', async () => {
    const quoted = hostileHtml.map((html) => `"${html.replaceAll('"', '""')}"`)
    await harness.call('showFile', 'a.csv', `${quoted.join(',')}\n${quoted.join(',')}\n`)
    await harness.page.getByRole('table').waitFor()
    await expectHarmless()
  })

  test('names of files', async () => {
    await harness.call('showFolder', hostileNames)
    await harness.page.getByRole('grid').waitFor()
    await expectHarmless()
    const links = await harness.page
      .locator('[data-name]')
      .evaluateAll((all) => all.map((link) => link.getAttribute('href')))
    expect(links.map((link) => decodeURIComponent(link?.replace('/files/', '') ?? ''))).toEqual(hostileNames)
  })
})

describe('what is honest is shown', () => {
  const page = () => harness.page

  test('a table keeps its cells and the colours of its own style sheet, and nothing else of it', async () => {
    const html = `<style>#T_1 td.hot {background-color: rgb(1, 2, 3); position: fixed; background-image: url(https://example.org/x)}
      body, .page {background-color: rgb(9, 9, 9)}</style>
      <table id="T_1" class="dataframe page" border="1"><tr><th></th><th>b</th></tr><tr><td class="hot">1</td><td style="color: rgb(4, 5, 6); margin: -99px">2</td></tr></table>`
    await showNotebook([{ data: { 'text/html': html } }])
    const hot = page().locator('td', { hasText: '1' })
    await expect.poll(() => hot.evaluate((cell) => getComputedStyle(cell).backgroundColor)).toBe('rgb(1, 2, 3)')
    expect(await page().locator('td', { hasText: '2' }).getAttribute('style')).toBe('color: rgb(4, 5, 6);')
    expect(await page().locator('table').getAttribute('class')).toBe('dataframe')
    expect(await page().evaluate(() => getComputedStyle(document.body).backgroundColor)).not.toBe('rgb(9, 9, 9)')
    await expectHarmless()
  })

  test('the richest form of an output that needs no program', async () => {
    await showNotebook([
      { data: { 'text/html': '<div id="x"></div><script>draw()</script>', 'text/plain': 'Figure' } },
      { data: { 'text/html': '<script>1</script>' } },
      { data: { 'application/vnd.jupyter.widget-view+json': {}, 'text/html': 'widget', 'text/plain': 'IntSlider(3)' } },
      { data: { 'text/html': '<b>rich</b>', 'text/plain': 'poor' } },
    ])
    const outputs = await page().locator('.outputs').allInnerTexts()
    expect(outputs[0]).toContain('Figure')
    expect(outputs[0]).toContain('run it to see this')
    expect(outputs[1]).toContain('run it to see this')
    expect(outputs[2]).toMatch(/IntSlider\(3\)[^]*An interactive widget/)
    expect(outputs[3]).toBe('rich')
  })

  test('formulas, also where Markdown would read them otherwise', async () => {
    await harness.call(
      'showFile',
      'a.md',
      'Inline $a_1*b_2*c$ and \\$5, from $3 to $4.\n\n$$\n- x\n+ y \\\\\n= z\n$$\n\n\\begin{align}\na &= b\n\\end{align}\n\nLast `$code$`.',
    )
    await expect.poll(() => page().locator('.katex').count()).toBe(3)
    expect(await page().locator('.katex-error').count()).toBe(0)
    expect(await page().locator('em').count()).toBe(0)
    const text = await page().locator('.prose').innerText()
    expect(text).toContain('$5, from $3 to $4')
    expect(text).toContain('$code$')
  })

  test('references within the tree, images beside the document', async () => {
    await harness.call(
      'showFile',
      'a.md',
      '![p](plot%201.png) [n](b/../c.ipynb#x) [out](../../x) ![w](https://example.org/i.png)',
    )
    await page().locator('.prose img').waitFor()
    expect(await page().locator('.prose img').getAttribute('src')).toBe('/api/v1/trees/home/content?path=plot+1.png')
    expect(await page().getByText('n', { exact: true }).getAttribute('href')).toBe('/files/c.ipynb')
    expect(await page().getByText('out', { exact: true }).getAttribute('href')).toBeNull()
    expect(await page().locator('.prose').innerText()).toContain('[image: w]')
    expect(harness.outside).toEqual([])
  })

  test('Markdown that would keep the tab busy for ever is shown, what is too intricate as text', async () => {
    await harness.call('showFile', 'a.md', '\\begin{array}x '.repeat(60_000))
    await page().getByText('from here on it is plain').waitFor()
    expect(await page().locator('main, #root').first().innerText()).toContain('\\begin{array}x')
    expect(await page().getByRole('link', { name: 'Download the whole file' }).getAttribute('href')).toContain('a.md')
    await harness.call('showFile', 'b.md', `${'> '.repeat(5_000)}deep`)
    await page().locator('blockquote').first().waitFor()
    expect(await page().locator('.prose').innerText()).toContain('deep')
    expect(harness.errors).toEqual([])
  })

  test('a giant output is shown in part, and more on demand', async () => {
    const text = Array.from({ length: 50_000 }, (_, line) => `line ${line}\n`).join('')
    await showNotebook([{ output: { output_type: 'stream', name: 'stdout', text } }])
    const shown = () => page().locator('.terminal').innerText()
    expect((await shown()).split('\n').length).toBeLessThan(200)
    await page().getByRole('button', { name: 'Show more' }).click()
    await expect.poll(async () => (await shown()).includes('line 1000\n')).toBe(true)
  })

  test('a long notebook, all of it', async () => {
    await showNotebook(Array.from({ length: 400 }, (_, index) => ({ markdown: `cell ${index}` })))
    expect(await page().locator('.cell').count()).toBe(400)
  })

  test('what is no notebook is told and shown as it is', async () => {
    await harness.call('showFile', 'a.ipynb', '{"cells": ')
    await page().getByRole('alert').waitFor()
    expect(await page().getByRole('alert').innerText()).toContain('not valid JSON')
    expect(await page().locator('.code-text').innerText()).toContain('"cells"')
  })

  test('ten thousand rows, of which only those in sight exist', async () => {
    await harness.call(
      'showFile',
      'a.csv',
      `n,square\n${Array.from({ length: 12_000 }, (_, n) => `${n},${n * n}\n`).join('')}`,
    )
    await page().getByRole('table').waitFor()
    expect(await page().getByText('The first 10,000 rows, 2 columns').count()).toBe(1)
    expect(await page().getByRole('row').count()).toBeLessThan(120)
    await page()
      .locator('.table-box')
      .evaluate((box) => box.scrollTo(0, box.scrollHeight))
    await page().getByText('99980001').waitFor()
  })
})

describe('a list of files', () => {
  test('ten thousand names are walked through with the keyboard', async () => {
    const { page } = harness
    await page.setViewportSize({ width: 1000, height: 700 })
    await harness.call(
      'showFolder',
      Array.from({ length: 10_000 }, (_, index) =>
        index === 5_000 ? 'zebra' : `file-${String(index).padStart(5, '0')}`,
      ),
    )
    const grid = page.getByRole('grid')
    await grid.waitFor()
    expect(await grid.getAttribute('aria-rowcount')).toBe('10001')
    expect(await page.getByRole('row').count()).toBeLessThan(200)
    const focused = () => page.evaluate(() => document.activeElement?.textContent)
    await page.locator('[data-name]').first().focus()
    await page.keyboard.press('End')
    await expect.poll(focused).toBe('file-09999')
    await page.keyboard.press('ArrowUp')
    await expect.poll(focused).toBe('file-09998')
    await page.keyboard.press('Home')
    await expect.poll(focused).toBe('file-00000')
    await page.keyboard.press('z')
    await expect.poll(focused).toBe('zebra')
    await page.keyboard.press('Space')
    await expect.poll(() => page.getByRole('checkbox', { name: 'Select zebra' }).isChecked()).toBe(true)
    await page.keyboard.press('ArrowRight')
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Share zebra')
  })
})
