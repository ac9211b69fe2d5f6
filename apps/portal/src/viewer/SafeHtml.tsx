import { useLayoutEffect, useRef, useState } from 'react'
import { useScrollFocus } from '../ui/use-scroll-focus.ts'
import { Long } from './Long.tsx'
import type { Formula } from './markdown-html.ts'
import { renderMarkdown, type Left } from './markdown.ts'
import { noReferences, sanitise, type References } from './sanitise.ts'
import { useAllowance } from './use-allowance.ts'

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
  /** Where the whole file is, for what is too long to be rendered. */
  whole?: string
}

/** Untrusted Markdown with formulas and coloured code. What cannot be rendered of it follows as plain text. */
export function Markdown({ source, references, whole }: MarkdownProps) {
  const box = useRef<HTMLDivElement>(null)
  const allowance = useAllowance(source)
  const [left, setLeft] = useState<Left>()
  useLayoutEffect(() => {
    const { fragment, formulas, ...rendered } = renderMarkdown(source, references, allowance)
    box.current?.replaceChildren(fragment)
    setLeft(rendered.left)
    return typesetLater(formulas)
  }, [source, references, allowance])
  useScrollFocus(box)
  return (
    <>
      <div ref={box} className="untrusted prose" />
      {left === undefined ? null : <PlainRest left={left} whole={whole} />}
    </>
  )
}

function PlainRest({ left, whole }: { left: Left; whole: string | undefined }) {
  return (
    <div className="plain-rest">
      <p className="message message-warning" role="status">
        {left.reason}{' '}
        {whole === undefined ? null : (
          <a href={whole} download>
            Download the whole file
          </a>
        )}
      </p>
      {left.text === '' ? null : (
        <Long text={left.text}>{(text) => <pre className="terminal plain-text">{text}</pre>}</Long>
      )}
    </div>
  )
}

/** LaTeX as a notebook's output has it: a formula, or text with formulas in it. */
export function Latex({ source }: { source: string }) {
  return <Markdown source={source} references={noReferences} />
}

/** HTML as it comes out of a computation, or undefined where nothing of it may be shown. */
export function toSafeHtml(html: string, references: References): DocumentFragment | undefined {
  const fragment = sanitiseOrTell(html, references)
  const seen = fragment.textContent.trim() !== '' || fragment.querySelector('img, hr, td') !== null
  return seen ? fragment : undefined
}

function sanitiseOrTell(html: string, references: References): DocumentFragment {
  try {
    return sanitise(html, references)
  } catch (error) {
    const fragment = document.createDocumentFragment()
    const text = document.createElement('pre')
    text.textContent = html.slice(0, 20_000)
    const reason = error instanceof Error ? error.message : String(error)
    fragment.append(`This output could not be rendered (${reason}). This is its beginning.`, text)
    return fragment
  }
}

/** Typesets with pauses, so that the page answers meanwhile. */
function typesetLater(formulas: Array<Formula & { place: HTMLElement }>): () => void {
  const gone = new AbortController()
  if (formulas.length > 0) void import('./typeset.ts').then(({ typesetAll }) => typesetAll(formulas, gone.signal))
  return () => gone.abort()
}
