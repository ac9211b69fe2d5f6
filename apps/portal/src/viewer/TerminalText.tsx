import { useMemo, useRef, type CSSProperties } from 'react'
import { useScrollFocus } from '../ui/use-scroll-focus.ts'
import { parseAnsi, type Run } from './ansi.ts'
import { Long } from './Long.tsx'

interface Props {
  text: string
  className?: string
  /** Characters and lines that are shown at first. */
  first?: number
  lines?: number
}

/** What a program printed, in the colours of a terminal. */
export function TerminalText({ text, className = '', first = 20_000, lines = 150 }: Props) {
  return (
    <Long text={text} first={first} lines={lines}>
      {(shown) => <Runs text={shown} className={className} />}
    </Long>
  )
}

function Runs({ text, className }: { text: string; className: string }) {
  const runs = useMemo(() => parseAnsi(text), [text])
  const box = useRef<HTMLPreElement>(null)
  useScrollFocus(box)
  return (
    <pre ref={box} className={`terminal ${className}`} role="group" aria-label="Output">
      {runs.map((run, index) =>
        isPlain(run) ? (
          run.text
        ) : (
          <span key={index} className={toClasses(run)} style={toStyle(run)}>
            {run.text}
          </span>
        ),
      )}
    </pre>
  )
}

function isPlain(run: Run): boolean {
  return Object.keys(run).length === 1
}

function toClasses({ foreground, background, bold, faint, italic, underline }: Run): string {
  return [
    typeof foreground === 'number' ? `ansi-${foreground}` : '',
    typeof background === 'number' ? `ansi-on-${background}` : '',
    bold === true ? 'ansi-bold' : '',
    faint === true ? 'ansi-faint' : '',
    italic === true ? 'ansi-italic' : '',
    underline === true ? 'ansi-underline' : '',
  ]
    .filter((name) => name !== '')
    .join(' ')
}

function toStyle({ foreground, background }: Run): CSSProperties {
  return {
    ...(typeof foreground === 'string' ? { color: `rgb(${foreground})` } : {}),
    ...(typeof background === 'string' ? { backgroundColor: `rgb(${background})` } : {}),
  }
}
