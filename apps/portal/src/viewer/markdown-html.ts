import { createNonce } from '@cygnet/core/nonce'
import { Marked, type RendererObject, type TokenizerAndRendererExtension, type Tokens } from 'marked'
import { createAllowance, type Allowance } from './allowance.ts'
import { BoundedLexer } from './bounded-lexer.ts'
import { takeOutImages } from './long-images.ts'
import { idPrefix } from './id-prefix.ts'

/** A piece of TeX in a document. */
export interface Formula {
  tex: string
  display: boolean
}

export interface MarkdownHtml {
  /** Not safe yet. */
  html: string
  /** The formulas by the value of `data-math` at their places. */
  formulas: Map<string, Formula>
  /** The end of the document for which no time was left, as it is written. */
  rest: string
  /** Whether text before the rest was left without its marks, for want of time. */
  hurried: boolean
}

/** Beyond this a browser is kept busy by the mere number of elements. Images do not count. */
const mostHtml = 2_000_000

/** Untrusted Markdown as untrusted HTML, in a time that grows with its length only. */
export function toHtml(source: string, allowance: Allowance = createAllowance()): MarkdownHtml {
  return allowance.spend(() => {
    // Not to be guessed by the document: only what stands here is typeset, not what the document's HTML pretends.
    const nonce = createNonce()
    const formulas = new Map<string, Formula>()
    const mark = (formula: Formula) => {
      const id = `${nonce}-${formulas.size}`
      formulas.set(id, formula)
      return `<span data-math="${id}">${escapeHtml(formula.tex)}</span>`
    }
    const { text, putBack } = takeOutImages(source, nonce)
    const marked = new Marked({ gfm: true, renderer: createRenderer(), extensions: mathExtensions(mark) })
    const lexer = new BoundedLexer(marked.defaults, allowance)
    const html = marked.parser(lexer.lex(text))
    if (html.length > mostHtml) return { html: '', formulas: new Map(), rest: source, hurried: false }
    return { html: putBack(html), formulas, rest: putBack(lexer.rest), hurried: lexer.hurried }
  })
}

/** Characters of addresses and titles: a long one that is defined once may be referred to many times. */
const mostReferred = 5_000_000

function createRenderer(): RendererObject {
  const ids = new Map<string, number>()
  let referred = 0
  const isTooMuch = ({ href, title }: Tokens.Link | Tokens.Image) =>
    (referred += href.length + (title?.length ?? 0)) > mostReferred
  return {
    link(token) {
      return isTooMuch(token) ? this.parser.parseInline(token.tokens) : false
    },
    image(token) {
      return isTooMuch(token) ? escapeHtml(token.text) : false
    },
    heading({ tokens, depth }) {
      const inner = this.parser.parseInline(tokens)
      const words = inner.replace(/<[^>]*>/g, '').trim()
      const slug = words
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s-]/gu, '')
        .replace(/\s+/g, '-')
      const times = ids.get(slug) ?? 0
      ids.set(slug, times + 1)
      const id = idPrefix + (times === 0 ? slug : `${slug}-${times}`)
      return `<h${depth} id="${escapeHtml(id)}">${inner}</h${depth}>\n`
    },
    code({ text, lang }) {
      const [language = ''] = (lang ?? '').trim().split(/[\s,{]/)
      return `<pre><code data-language="${escapeHtml(language.toLowerCase())}">${escapeHtml(text)}\n</code></pre>\n`
    },
    // An input would be a form's.
    checkbox({ checked }) {
      return checked ? '☑ ' : '☐ '
    },
  }
}

/** TeX as notebooks write it: `$…$`, `$$…$$`, `\(…\)`, `\[…\]` and bare environments. */
function mathExtensions(mark: (formula: Formula) => string): TokenizerAndRendererExtension[] {
  const inline = [
    { pattern: /^\$\$((?:\\[^]|[^\\])+?)\$\$/, display: true },
    { pattern: /^\$(?![\s$])((?:\\[^]|[^\\$\n]|\n(?!\s*\n))+?)(?<![\s\\])\$(?!\d)/, display: false },
    { pattern: /^\\\\?\(((?:(?!\n\s*\n)[^])+?)\\\\?\)/, display: false },
    { pattern: /^\\\\?\[((?:(?!\n\s*\n)[^])+?)\\\\?\]/, display: true },
    { pattern: environment, display: true },
  ]
  const block = [
    { pattern: /^ {0,3}\$\$((?:\\[^]|[^\\])+?)\$\$[^\S\n]*(?:\n|$)/, display: true },
    { pattern: /^ {0,3}\\\\?\[((?:(?!\n\s*\n)[^])+?)\\\\?\][^\S\n]*(?:\n|$)/, display: true },
    { pattern: environment, display: true },
  ]
  return [
    {
      name: 'math-block',
      level: 'block',
      start: (source) => indexOf(/(?:^|\n) {0,3}(?:\$\$|\\\\?\[|\\begin\{)/, source),
      tokenizer: (source) => match('math-block', block, source),
      renderer: (token) => `<p>${mark(toFormula(token))}</p>\n`,
    },
    {
      name: 'math',
      level: 'inline',
      start: (source) => indexOf(/\$|\\\\?[([]|\\begin\{/, source),
      tokenizer: (source) => match('math', inline, source),
      renderer: (token) => mark(toFormula(token)),
    },
  ]
}

const environment =
  /^(\\begin\{((?:equation|align|alignat|gather|multline|eqnarray|aligned|gathered|cases|matrix|[bpvV]matrix|array|split)\*?)\}(?:(?!\\end\{\2\})[^])+\\end\{\2\})/

function match(type: string, patterns: Array<{ pattern: RegExp; display: boolean }>, source: string) {
  for (const { pattern, display } of patterns) {
    const found = pattern.exec(source)
    if (found?.[1] !== undefined) return { type, raw: found[0], tex: found[1].trim(), display }
  }
  return undefined
}

function toFormula(token: { [key: string]: unknown }): Formula {
  return { tex: String(token['tex']), display: token['display'] === true }
}

function indexOf(pattern: RegExp, source: string): number | undefined {
  const index = source.search(pattern)
  return index < 0 ? undefined : index
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
