import { Button } from '@mantine/core'
import { useMemo, useState } from 'react'
import { formatSize } from '../../ui/format.ts'
import { Code } from '../Code.tsx'
import { toImageUri, toSvgUri } from '../data-uri.ts'
import { Long } from '../Long.tsx'
import { Latex, Markdown, SafeHtml, toSafeHtml } from '../SafeHtml.tsx'
import type { References } from '../sanitise.ts'
import { TerminalText } from '../TerminalText.tsx'
import { chooseOutputs, describeMissing, isWidget, type Choice } from './choose-output.ts'
import type { MimeBundle, Output } from './notebook.ts'

/** HTML beyond this is made safe only when someone wants to see it: it takes seconds. */
const largeHtml = 400_000

export function OutputView({ output, references }: { output: Output; references: References }) {
  switch (output.kind) {
    case 'stream':
      return <TerminalText text={output.text} className={output.name === 'stderr' ? 'terminal-stderr' : ''} />
    case 'error':
      return <TerminalText text={toTraceback(output)} className="terminal-error" />
    case 'data':
      return <DataView data={output.data} sizes={output.sizes} references={references} />
  }
}

interface DataProps {
  data: MimeBundle
  sizes: Record<string, { width?: number; height?: number }>
  references: References
}

function DataView({ data, sizes, references }: DataProps) {
  const choices = useMemo(() => chooseOutputs(data), [data])
  const [large, setLarge] = useState(false)
  const [first] = choices
  const html = useMemo(() => {
    if (first?.type !== 'text/html' || (first.content.length > largeHtml && !large)) return undefined
    return toSafeHtml(first.content, references)
  }, [first, references, large])

  if (first === undefined) return <Missing data={data} />
  if (first.type !== 'text/html') return <Shown data={data} choice={first} sizes={sizes} references={references} />
  if (html !== undefined) return <SafeHtml fragment={html} className="output-html" />
  if (first.content.length > largeHtml && !large)
    return (
      <p className="long">
        <span className="muted small">A large output of {formatSize(first.content.length)}.</span>
        <Button size="compact-sm" variant="default" onClick={() => setLarge(true)}>
          Show it
        </Button>
      </p>
    )
  // Nothing of the HTML is left: it was made by a script.
  const second = choices[1]
  if (second === undefined) return <Missing data={data} />
  return (
    <>
      <Shown data={data} choice={second} sizes={sizes} references={references} />
      {second.type === 'text/plain' ? <Missing data={data} /> : null}
    </>
  )
}

function Shown({ data, choice, sizes, references }: DataProps & { choice: Choice }) {
  const { type, content } = choice
  if (type === 'text/markdown') return <Markdown source={content} references={references} />
  if (type === 'text/latex') return <Latex source={content} />
  if (type === 'application/json')
    return <Long text={content}>{(text) => <Code code={text} language="json" label="JSON" />}</Long>
  if (type.startsWith('image/')) {
    const uri = type === 'image/svg+xml' ? toSvgUri(content) : toImageUri(type, content)
    const words = typeof data['text/plain'] === 'string' ? data['text/plain'].slice(0, 200) : ''
    if (uri === undefined) return <Missing data={data} />
    // What a plot is called by its program says nothing: `<Figure size 640x480 with 1 Axes>`.
    return (
      <img className="output-image" src={uri} alt={/^<.*>$/.test(words) ? 'Plot' : words || 'Plot'} {...sizes[type]} />
    )
  }
  return (
    <>
      <TerminalText text={content} />
      {isWidget(data) ? <Missing data={data} /> : null}
    </>
  )
}

function Missing({ data }: { data: MimeBundle }) {
  const what = describeMissing(data)
  if (what === undefined) return null
  return <p className="output-missing muted small">{what}: open the notebook in the lab and run it to see this.</p>
}

function toTraceback(error: Output & { kind: 'error' }): string {
  return error.traceback === '' ? `${error.name}: ${error.value}` : error.traceback
}
