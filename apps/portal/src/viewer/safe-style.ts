import { createAllowance, type Allowance } from './allowance.ts'

/** What an untrusted style may set: how text and tables look, nothing that places them over the page or loads anything. */
const properties = new Set([
  'background-color',
  'border-collapse',
  'border-spacing',
  'caption-side',
  'color',
  'font-family',
  'font-size',
  'font-style',
  'font-variant-numeric',
  'font-weight',
  'height',
  'letter-spacing',
  'line-height',
  'list-style-type',
  'max-height',
  'max-width',
  'min-width',
  'opacity',
  'table-layout',
  'text-align',
  'text-decoration-color',
  'text-decoration-line',
  'text-decoration-style',
  'text-indent',
  'text-transform',
  'vertical-align',
  'white-space-collapse',
  'text-wrap-mode',
  'width',
  'word-break',
])

const groups = /^(?:border|padding)-(?:top|right|bottom|left|block|inline)/

/** A value that could load something, read something of the page, or run in an old browser. */
const forbidden = /url|image|src|var\s*\(|env\s*\(|attr\s*\(|expression|element\s*\(|paint\s*\(|[\\@;{}]/i

export function isSafeDeclaration(property: string, value: string): boolean {
  return (properties.has(property) || groups.test(property)) && value.length <= 200 && !forbidden.test(value)
}

/** Leaves of an element's own style what is safe. */
export function restrictStyle(style: CSSStyleDeclaration): void {
  // The list grows and shrinks while it is changed.
  const names = Array.from(style)
  for (const name of names) if (!isSafeDeclaration(name, style.getPropertyValue(name))) style.removeProperty(name)
}

/** Past this a style sheet is left out: a hostile one could keep the browser busy. */
const largestSheet = 1_000_000
const mostRules = 20_000
/** Elements times selectors of one rule. */
const mostTries = 20_000_000

/**
 * Writes the safe parts of a document's style sheets into the elements they select, and removes the sheets: a coloured
 * table keeps its colours, and nothing outside of it can be selected. Later rules win; specificity is not looked at.
 */
export function inlineStyleSheets(page: Document, allowance: Allowance = createAllowance({ limit: 1_000 })): void {
  allowance.spend(() => inlineSheets(page, allowance))
}

function inlineSheets(page: Document, allowance: Allowance): void {
  const wanted = new Map<HTMLElement, Map<string, string>>()
  let rules = 0
  const elements = page.getElementsByTagName('*').length
  for (const element of page.querySelectorAll('style')) {
    const text = element.textContent
    element.remove()
    if (text.length > largestSheet) continue
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(text)
    for (const rule of sheet.cssRules) {
      if (++rules > mostRules || allowance.isSpent()) return
      if (rule instanceof CSSStyleRule) collect(page, rule, wanted, elements)
    }
  }
  for (const [element, declarations] of wanted) {
    if (allowance.isSpent()) return
    for (const [property, value] of declarations)
      if (element.style.getPropertyValue(property) === '') element.style.setProperty(property, value)
  }
}

function collect(
  page: Document,
  rule: CSSStyleRule,
  wanted: Map<HTMLElement, Map<string, string>>,
  elements: number,
): void {
  const declarations = Array.from(rule.style)
    .map((name) => [name, rule.style.getPropertyValue(name)] as const)
    .filter(([name, value]) => isSafeDeclaration(name, value))
  if (declarations.length === 0) return
  if (rule.selectorText.split(',').length * elements > mostTries) return
  for (const element of select(page, rule.selectorText)) {
    if (!('style' in element)) continue
    const known = wanted.get(element as HTMLElement) ?? new Map<string, string>()
    for (const [name, value] of declarations) known.set(name, value)
    wanted.set(element as HTMLElement, known)
  }
}

function select(page: Document, selector: string): Element[] {
  try {
    return Array.from(page.querySelectorAll(selector))
  } catch {
    return []
  }
}
