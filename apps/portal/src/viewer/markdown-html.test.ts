import { Marked } from 'marked'
import { expect, test } from 'vitest'
import { createAllowance } from './allowance.ts'
import { divideMarkdown, longestPiece } from './divide-markdown.ts'
import { toHtml } from './markdown-html.ts'

const plenty = () => createAllowance({ limit: Infinity })

test('what would take the square of its length is read all the same', () => {
  const units = [
    '\\begin{array}x ',
    '\\begin{matrix}x\n',
    '*a_',
    'a_',
    '*a* ',
    '> ',
    '1. ',
    '> - ',
    '[',
    '![a](',
    '`a',
    '$a ',
  ]
  for (const unit of units) {
    const source = unit.repeat(1_000_000 / unit.length)
    const { html, rest } = toHtml(source)
    expect(html.length + rest.length, unit).toBeGreaterThan(100_000)
  }
})

test('a wide head over many rows is no table', () => {
  const source = `|${'a|'.repeat(1_000)}\n|${'-|'.repeat(1_000)}\n${'b\n'.repeat(1_000)}`
  expect(toHtml(source, plenty()).html).not.toContain('<td>')
})

test('what is nested too deep is text', () => {
  const { html } = toHtml(`${'> '.repeat(3_000)}deep`, plenty())
  expect(html).toContain('deep')
  expect(html.split('<blockquote>').length).toBeLessThan(100)
})

test('once the time is spent, the rest is left as it is written', () => {
  let now = 0
  const allowance = createAllowance({ limit: 4, now: () => now++ })
  const paragraphs = Array.from({ length: 100 }, (_, index) => `${index} ${'*word* '.repeat(500)}\n\n`)
  const source = paragraphs.join('')
  const { html, rest } = toHtml(source, allowance)
  expect(source.endsWith(rest)).toBe(true)
  expect(rest.length).toBeGreaterThan(0)
  expect(html).toContain('0 *word*')
})

test('a document of more than a few pieces reads as a whole', () => {
  const honest = [
    '# Head\n\nA [link][a] and `code`.\n\n',
    `${Array.from({ length: 100 }, (_, line) => `${line}. item *${line}*\n`).join('')}\n`,
    `\`\`\`python\n${'x = 1\n\n'.repeat(3_000)}\`\`\`\n\n`,
    `<table>\n${'  <tr>\n    <td>1</td>\n  </tr>\n'.repeat(1_000)}</table>\n\n`,
    'Words and words.\n\n'.repeat(2_000),
    '[a]: https://example.org/\n',
  ].join('')
  const { html, rest } = toHtml(honest, plenty())
  const whole = new Marked({ gfm: true }).parse(honest, { async: false })
  const words = (text: string) => text.replace(/<(h1|code)[^>]*>/g, '<$1>').replace(/\s+/g, '')
  expect(words(html) === words(whole)).toBe(true)
  expect(rest).toBe('')
})

test('a long table has its head in each of its parts, and an image stays whole', () => {
  const rows = Array.from({ length: 2_000 }, (_, row) => `| ${row} | b |\n`).join('')
  const { html } = toHtml(`| n | m |\n|---|---|\n${rows}`, plenty())
  expect(html.split('<td>').length - 1).toBe(4_000)
  expect(html).not.toContain('|')
  const image = `data:image/png;base64,${'A'.repeat(100_000)}`
  expect(toHtml(`![a](${image})`, plenty()).html).toContain(`src="${image}"`)
})

test('the pieces are the document', () => {
  const source = `a\n\n- b\n\n${'word '.repeat(5_000)}\n\n${'- item\n'.repeat(3_000)}\`\`\`\n${'code\n'.repeat(4_000)}`
  const pieces = [...divideMarkdown(source)]
  expect(pieces.map((piece) => piece.text).join('')).toBe(source)
  for (const { kind, text } of pieces) if (kind === 'prose') expect(text.length).toBeLessThanOrEqual(longestPiece)
})
