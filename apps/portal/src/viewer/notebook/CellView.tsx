import { memo, useMemo } from 'react'
import { Code } from '../Code.tsx'
import { Long } from '../Long.tsx'
import { Markdown } from '../SafeHtml.tsx'
import type { References } from '../sanitise.ts'
import { withAttachments } from './attachments.ts'
import type { Cell, CodeCell, MarkdownCell } from './notebook.ts'
import { OutputView } from './OutputView.tsx'

interface Props<C extends Cell = Cell> {
  cell: C
  language: string
  references: References
}

export const CellView = memo(function CellView({ cell, language, references }: Props) {
  switch (cell.kind) {
    case 'markdown':
      return <MarkdownView cell={cell} language={language} references={references} />
    case 'raw':
      return cell.source === '' ? null : <pre className="cell cell-raw">{cell.source}</pre>
    case 'code':
      return <CodeView cell={cell} language={language} references={references} />
  }
})

function MarkdownView({ cell, references }: Props<MarkdownCell>) {
  const all = useMemo(() => withAttachments(references, cell.attachments), [references, cell.attachments])
  return (
    <div className="cell cell-markdown">
      <Markdown source={cell.source} references={all} />
    </div>
  )
}

function CodeView({ cell, language, references }: Props<CodeCell>) {
  const source =
    cell.source === '' ? null : (
      <Long text={cell.source}>{(text) => <Code code={text} language={language} label="Code cell" />}</Long>
    )
  const outputs = cell.outputs.map((output, index) => (
    <OutputView key={index} output={output} references={references} />
  ))
  return (
    <div className="cell cell-code">
      {source === null ? null : (
        <div className="cell-line">
          <div className="cell-prompt" aria-hidden="true">
            [{cell.count ?? ' '}]
          </div>
          <div className="cell-content">
            {cell.sourceHidden ? (
              <details>
                <summary>Code</summary>
                {source}
              </details>
            ) : (
              source
            )}
          </div>
        </div>
      )}
      {outputs.length === 0 ? null : (
        <div className="cell-line">
          <div className="cell-prompt" />
          <div className="cell-content">
            {cell.outputsHidden ? (
              <details>
                <summary>Output</summary>
                <div className="outputs">{outputs}</div>
              </details>
            ) : (
              <div className="outputs">{outputs}</div>
            )}
          </div>
        </div>
      )}
    </div>
  )
}
