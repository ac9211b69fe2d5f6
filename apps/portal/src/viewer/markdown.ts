import { createAllowance, type Allowance } from './allowance.ts'
import { highlight } from './highlight.ts'
import { toHtml, type Formula } from './markdown-html.ts'
import { sanitise, type References } from './sanitise.ts'

export interface RenderedMarkdown {
  fragment: DocumentFragment
  /** The places of the formulas in the fragment, which hold their TeX until it is typeset. */
  formulas: Array<Formula & { place: HTMLElement }>
  /** What could not be rendered, if anything. */
  left?: Left
}

/** The text that follows what was rendered, and a sentence for people that says why it is plain. */
export interface Left {
  reason: string
  text: string
}

/** Untrusted Markdown as nodes that may be put into a page. What cannot be rendered is left as text, never an error. */
export function renderMarkdown(
  source: string,
  references: References,
  allowance: Allowance = createAllowance(),
): RenderedMarkdown {
  try {
    return allowance.spend(() => render(source, references, allowance))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const left = { reason: `This text could not be rendered (${reason}). This is what is in it.`, text: source }
    return { fragment: document.createDocumentFragment(), formulas: [], left }
  }
}

function render(source: string, references: References, allowance: Allowance): RenderedMarkdown {
  const { html, formulas: found, rest, hurried } = toHtml(source, allowance)
  const fragment = sanitise(html, references)
  const formulas = []
  for (const place of fragment.querySelectorAll<HTMLElement>('[data-math]')) {
    const formula = found.get(place.dataset['math'] ?? '')
    place.removeAttribute('data-math')
    if (formula !== undefined) formulas.push({ ...formula, place })
  }
  highlightCode(fragment, allowance)
  return { fragment, formulas, ...toLeft(rest, hurried) }
}

function toLeft(text: string, hurried: boolean): { left?: Left } {
  if (text !== '')
    return {
      left: { reason: 'This text is too long or too intricate to be rendered: from here on it is plain.', text },
    }
  return hurried ? { left: { reason: 'Some of this text is too intricate to be rendered: it is plain.', text } } : {}
}

/** Colours the code blocks whose language is known. */
function highlightCode(fragment: DocumentFragment, allowance: Allowance): void {
  for (const code of fragment.querySelectorAll<HTMLElement>('code[data-language]')) {
    if (allowance.isSpent()) return
    const html = highlight(code.textContent, code.dataset['language'] ?? '')
    // The highlighter escapes whatever it is given.
    if (html !== undefined) code.innerHTML = html
  }
}
