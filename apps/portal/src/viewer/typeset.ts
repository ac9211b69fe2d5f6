import 'katex/dist/katex.min.css'
import katex from 'katex'
import type { Formula } from './markdown.ts'

/** Longer than any formula that is read by people. */
const longest = 20_000

/** Typesets TeX in a place. Nothing in it is trusted: no links, no classes, no images, and its macros end. */
export function typeset({ tex, display }: Formula, place: HTMLElement): void {
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
