import { parsePythonJson } from '@cygnet/core/python-json'
import type { Entry } from '@cygnet/contract/v1/files'
import { useMemo } from 'react'
import { parentOf } from '../files/path.ts'
import type { Kind } from '../files/kind.ts'
import { downloadUrl, type Tree } from '../files/tree.ts'
import { Code } from './Code.tsx'
import { languageOf } from './highlight.ts'
import { toIndentedJson } from './indent-json.ts'
import { Long } from './Long.tsx'
import { NotebookError, parseNotebook } from './notebook/parse-notebook.ts'
import { NotebookView } from './notebook/NotebookView.tsx'
import { createReferences } from './references.ts'
import { noReferences, type References } from './sanitise.ts'
import { Markdown } from './SafeHtml.tsx'
import { TableView } from './table/TableView.tsx'
import { TerminalText } from './TerminalText.tsx'

interface Props {
  tree: Tree
  entry: Entry
  kind: Kind
  text: string
}

/** A file that is text, in the form its kind asks for. */
export function TextContent({ tree, entry, kind, text }: Props) {
  const references = useMemo(
    // A file that is shared by itself has nothing beside it.
    () => (entry.path === '' ? noReferences : createReferences(tree, parentOf(entry.path))),
    [tree, entry.path],
  )
  switch (kind) {
    case 'notebook':
      return <NotebookFile text={text} references={references} name={entry.name} />
    case 'markdown':
      return (
        <article className="card markdown-file">
          <Markdown source={text} references={references} whole={downloadUrl(tree, entry)} />
        </article>
      )
    case 'table':
      return <TableView text={text} name={entry.name} />
    case 'json':
      return <PlainText text={pretty(text)} name={entry.name} language="json" />
    default:
      return <PlainText text={text} name={entry.name} language={languageOf(entry.name)} />
  }
}

function NotebookFile({ text, references, name }: { text: string; references: References; name: string }) {
  const parsed = useMemo(() => {
    try {
      return parseNotebook(text)
    } catch (error) {
      return error instanceof NotebookError
        ? error
        : new NotebookError('This notebook could not be read.', { cause: error })
    }
  }, [text])
  if (parsed instanceof NotebookError)
    return (
      <div className="stack">
        <p className="message message-warning" role="alert">
          {parsed.message} This is what is in it.
        </p>
        <PlainText text={text} name={name} language="json" />
      </div>
    )
  return (
    <article className="card notebook-file" aria-label="Notebook">
      <NotebookView notebook={parsed} references={references} />
    </article>
  )
}

function PlainText({ text, name, language }: { text: string; name: string; language: string }) {
  // A log in the colours of a terminal.
  const coloured = text.includes('\u001b[')
  return (
    <div className="card text-file">
      {coloured ? (
        <TerminalText text={text} first={200_000} lines={5_000} />
      ) : (
        <Long text={text} first={200_000}>
          {(shown) => <Code code={shown} language={language} numbered label={name} />}
        </Long>
      )}
    </div>
  )
}

/** JSON with its lines and indents, or as it is where it is none, too deep, or too large to be worth it. */
function pretty(text: string): string {
  if (text.length > 2_000_000) return text
  try {
    return toIndentedJson(parsePythonJson(text)) ?? text
  } catch {
    return text
  }
}
