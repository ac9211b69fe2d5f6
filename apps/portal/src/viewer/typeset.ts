import 'katex/dist/katex.min.css'
import katex from 'katex'
import type { Formula } from './markdown-html.ts'

/** Longer than any formula that is read by people. */
const longest = 20_000

/** More would be as many elements as make a browser slow; they stay TeX. */
const mostFormulas = 4_000

/** Milliseconds without a pause. */
const stretch = 50

/** Typesets formulas in their places one after the other, and lets the page answer in between. */
export async function typesetAll(
  formulas: Array<Formula & { place: HTMLElement }>,
  signal: AbortSignal,
): Promise<void> {
  let since = performance.now()
  for (const { place, ...formula } of formulas.slice(0, mostFormulas)) {
    if (performance.now() - since > stretch) {
      await new Promise((resolve) => setTimeout(resolve))
      since = performance.now()
    }
    if (signal.aborted) return
    typeset(formula, place)
  }
}

/** Typesets TeX in a place. Nothing in it is trusted: no links, no classes, no images, and its macros end. */
function typeset({ tex, display }: Formula, place: HTMLElement): void {
  if (tex.length > longest) return
  place.className = display ? 'formula formula-display' : 'formula'
  if (display) {
    // What is wider than the page scrolls in its own box, also with the keyboard.
    place.tabIndex = 0
    place.setAttribute('role', 'math')
    place.setAttribute('aria-label', tex)
  }
  katex.render(tex, place, {
    displayMode: display,
    throwOnError: false,
    trust: false,
    strict: 'ignore',
    maxExpand: 1_000,
    maxSize: 50,
    errorColor: 'var(--danger)',
  })
}
