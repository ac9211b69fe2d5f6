import type { Entry } from '@cygnet/contract/v1/files'
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useMemo } from 'react'
import { kindOf, type Kind } from '../files/kind.ts'
import { contentUrl, downloadUrl, type Tree } from '../files/tree.ts'
import { EmptyState } from '../ui/EmptyState.tsx'
import { formatSize } from '../ui/format.ts'
import { Icon } from '../ui/Icon.tsx'
import { Problem } from '../ui/Problem.tsx'
import { Waiting } from '../ui/Waiting.tsx'
import { decodeText, looksLikeText } from './decode-text.ts'
import { ImageView, MediaView } from './MediaViews.tsx'
import { beginningQuery, contentQuery } from './read-content.ts'

const TextContent = lazy(async () => ({ default: (await import('./TextContent.tsx')).TextContent }))
const PdfView = lazy(async () => ({ default: (await import('./pdf/PdfView.tsx')).PdfView }))

/** Beyond this a browser tab would choke on it. */
const largest = 20_000_000

/** What is in a file, as far as a browser can show it safely. */
export function Content({ tree, entry }: { tree: Tree; entry: Entry }) {
  const kind = kindOf(entry)
  if (kind === 'audio' || kind === 'video') return <MediaView kind={kind} url={contentUrl(tree, entry)} entry={entry} />
  if (kind === 'archive')
    return (
      <Download tree={tree} entry={entry} title="An archive">
        Download it to see what is in it.
      </Download>
    )
  if (entry.size > largest)
    return (
      <Download tree={tree} entry={entry} title={`A large file: ${formatSize(entry.size)}`}>
        Files of up to {formatSize(largest)} are shown here.
      </Download>
    )
  if (kind === 'image') return <ImageView url={contentUrl(tree, entry)} entry={entry} />
  if (kind === 'unknown') return <Unknown tree={tree} entry={entry} />
  return <Whole tree={tree} entry={entry} kind={kind} />
}

function Unknown({ tree, entry }: { tree: Tree; entry: Entry }) {
  const beginning = useQuery(beginningQuery(tree, entry))
  if (beginning.isError) return <Problem error={beginning.error} retry={() => void beginning.refetch()} />
  if (beginning.data === undefined) return <Waiting />
  if (looksLikeText(beginning.data)) return <Whole tree={tree} entry={entry} kind="text" />
  return <Binary tree={tree} entry={entry} />
}

function Whole({ tree, entry, kind }: { tree: Tree; entry: Entry; kind: Kind }) {
  const content = useQuery(contentQuery(tree, entry))
  const bytes = content.data
  const text = useMemo(() => (bytes === undefined || kind === 'pdf' ? undefined : decodeText(bytes)), [bytes, kind])
  if (content.isError) return <Problem error={content.error} retry={() => void content.refetch()} />
  if (bytes === undefined) return <Waiting what={`Loading ${formatSize(entry.size)}`} />
  if (kind === 'pdf')
    return (
      <Suspense fallback={<Waiting />}>
        <PdfView bytes={bytes} name={entry.name} />
      </Suspense>
    )
  if (text === undefined) return <Binary tree={tree} entry={entry} />
  if (bytes.length === 0)
    return (
      <div className="card">
        <EmptyState icon="file" title="This file is empty" />
      </div>
    )
  return (
    <Suspense fallback={<Waiting />}>
      <TextContent tree={tree} entry={entry} kind={kind} text={text} />
    </Suspense>
  )
}

function Binary({ tree, entry }: { tree: Tree; entry: Entry }) {
  return (
    <Download tree={tree} entry={entry} title="A binary file">
      There is nothing in it that people could read here.
    </Download>
  )
}

function Download({
  tree,
  entry,
  title,
  children,
}: {
  tree: Tree
  entry: Entry
  title: string
  children: React.ReactNode
}) {
  return (
    <div className="card">
      <EmptyState icon="file" title={title}>
        <p>{children}</p>
        <Button
          component="a"
          href={downloadUrl(tree, entry)}
          download
          variant="default"
          leftSection={<Icon name="download" />}
        >
          Download ({formatSize(entry.size)})
        </Button>
      </EmptyState>
    </div>
  )
}
