import { useLayoutEffect, useRef } from 'react'
import { useScrollFocus } from '../ui/use-scroll-focus.ts'
import { renderMarkdown, type Formula } from './markdown.ts'
import { noReferences, sanitise, type References } from './sanitise.ts'

/** Untrusted HTML, sanitised. */
export function SafeHtml({ fragment, className = '' }: { fragment: DocumentFragment; className?: string }) {
  const box = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    // A clone: the effect may run twice, and nodes are in one place only.
    box.current?.replaceChildren(fragment.cloneNode(true))
  }, [fragment])
  useScrollFocus(box)
  return <div ref={box} className={`untrusted ${className}`} role="group" aria-label="Output" />
}

interface MarkdownProps {
  source: string
  references: References
}

/** Untrusted Markdown with formulas and coloured code. */
export function Markdown({ source, references }: MarkdownProps) {
  const box = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    const { fragment, formulas } = renderMarkdown(source, references)
    box.current?.replaceChildren(fragment)
    return typesetLater(formulas)
  }, [source, references])
  useScrollFocus(box)
  return <div ref={box} className="untrusted prose" />
}

/** LaTeX as a notebook's output has it: a formula, or text with formulas in it. */
export function Latex({ source }: { source: string }) {
  const box = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    const { fragment, formulas } = renderMarkdown(source, noReferences)
    box.current?.replaceChildren(fragment)
    return typesetLater(formulas)
  }, [source])
  useScrollFocus(box)
  return <div ref={box} className="untrusted prose" />
}

/** HTML as it comes out of a computation, or undefined where nothing of it may be shown. */
export function toSafeHtml(html: string, references: References): DocumentFragment | undefined {
  const fragment = sanitise(html, references)
  const seen = fragment.textContent.trim() !== '' || fragment.querySelector('img, hr, td') !== null
  return seen ? fragment : undefined
}

function typesetLater(formulas: Array<Formula & { place: HTMLElement }>): () => void {
  let gone = false
  if (formulas.length > 0)
    void import('./typeset.ts').then(({ typeset }) => {
      if (!gone) for (const { place, ...formula } of formulas) typeset(formula, place)
    })
  return () => {
    gone = true
  }
}
