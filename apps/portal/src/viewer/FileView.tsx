import type { Entry } from '@cygnet/contract/v1/files'
import { Button } from '@mantine/core'
import { canShare } from '../files/actions.ts'
import { Breadcrumbs } from '../files/Breadcrumbs.tsx'
import { EntryMenu } from '../files/EntryMenu.tsx'
import { kindOf } from '../files/kind.ts'
import { downloadUrl, labUrl, type Tree } from '../files/tree.ts'
import { useAsk } from '../files/use-ask.tsx'
import { useUserName } from '../shell/use-user-name.ts'
import { useOpenInLab } from '../start/use-server.ts'
import { formatSize } from '../ui/format.ts'
import { Icon } from '../ui/Icon.tsx'
import { Problem } from '../ui/Problem.tsx'
import { When } from '../ui/When.tsx'
import { Content } from './Content.tsx'
import './viewer.css'

interface Props {
  tree: Tree
  entry: Entry
  owner?: string | undefined
}

/** A file's page: what it is, what can be done with it, and its content. */
export function FileView({ tree, entry, owner }: Props) {
  const { askFor, dialog } = useAsk({ tree, follow: true })
  const link = tree.place.kind === 'link'
  return (
    <>
      <div className="page-head">
        <div className="files-place">
          {/* The root of a shared file has no name of its own in its path. */}
          <Breadcrumbs tree={tree} path={entry.path} />
          <p className="muted small files-owner">
            {formatSize(entry.size)} · <When iso={entry.modified} />
            {owner === undefined ? '' : ` · shared by ${owner}`}
          </p>
        </div>
        <div className="row files-tools">
          {link ? null : <OpenInLab tree={tree} entry={entry} />}
          <Button
            component="a"
            href={downloadUrl(tree, entry)}
            download
            variant={link ? 'filled' : 'default'}
            leftSection={<Icon name="download" />}
          >
            Download
          </Button>
          {canShare(tree, entry) ? (
            <Button
              variant="default"
              leftSection={<Icon name="share" />}
              onClick={(event) => askFor({ kind: 'share', entry }, event.currentTarget)}
            >
              Share
            </Button>
          ) : null}
          {link ? null : <EntryMenu tree={tree} entry={entry} askFor={askFor} />}
        </div>
      </div>
      <Content tree={tree} entry={entry} />
      {dialog}
    </>
  )
}

/** Notebooks and text are worked on in the lab; for anything else it is in the menu. */
function OpenInLab({ tree, entry }: { tree: Tree; entry: Entry }) {
  const user = useUserName()
  const open = useOpenInLab()
  const url = user === undefined ? undefined : labUrl(tree, entry, user)
  if (url === undefined || !['notebook', 'markdown', 'text', 'json', 'table'].includes(kindOf(entry))) return null
  return (
    <>
      <Button leftSection={<Icon name="open" />} loading={open.isPending} onClick={() => open.mutate(url)}>
        Open in my lab
      </Button>
      {open.isError ? <Problem title="It was not opened." error={open.error} /> : null}
    </>
  )
}
