import { Marked, type RendererObject, type TokenizerAndRendererExtension } from 'marked'
import { highlight } from './highlight.ts'
import { idPrefix, sanitise, type References } from './sanitise.ts'

/** A piece of TeX in a document. */
export interface Formula {
  tex: string
  display: boolean
}

export interface RenderedMarkdown {
  fragment: DocumentFragment
  /** The places of the formulas in the fragment, which hold their TeX until it is typeset. */
  formulas: Array<Formula & { place: HTMLElement }>
}

/** Untrusted Markdown as nodes that may be put into a page. */
export function renderMarkdown(source: string, references: References): RenderedMarkdown {
  // Not to be guessed by the document: only what stands here is typeset, not what the document's HTML pretends.
  const nonce = crypto.randomUUID()
  const found: Formula[] = []
  const mark = (formula: Formula) => {
    found.push(formula)
    return `<span data-math="${nonce}-${found.length - 1}">${escapeHtml(formula.tex)}</span>`
  }
  const marked = new Marked({ gfm: true, renderer: createRenderer(), extensions: mathExtensions(mark) })
  const fragment = sanitise(marked.parse(source, { async: false }), references)
  const formulas = []
  for (const place of fragment.querySelectorAll<HTMLElement>('[data-math]')) {
    const id = place.dataset['math'] ?? ''
    place.removeAttribute('data-math')
    const formula = id.startsWith(`${nonce}-`) ? found[Number(id.slice(nonce.length + 1))] : undefined
    if (formula !== undefined) formulas.push({ ...formula, place })
  }
  highlightCode(fragment)
  return { fragment, formulas }
}

/** Colours the code blocks whose language is known. */
function highlightCode(fragment: DocumentFragment): void {
  for (const code of fragment.querySelectorAll<HTMLElement>('code[data-language]')) {
    const html = highlight(code.textContent, code.dataset['language'] ?? '')
    // The highlighter escapes whatever it is given.
    if (html !== undefined) code.innerHTML = html
  }
}

function createRenderer(): RendererObject {
  const ids = new Map<string, number>()
  return {
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
