import { moveEntry, type Entry } from '@cygnet/contract/v1/files'
import { Button } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../api/client.ts'
import { entryQuery } from '../api/queries.ts'
import { Dialog } from '../ui/Dialog.tsx'
import { count } from '../ui/format.ts'
import { Icon } from '../ui/Icon.tsx'
import { Problem } from '../ui/Problem.tsx'
import { tell } from '../ui/toasts.ts'
import { Waiting } from '../ui/Waiting.tsx'
import { joinPath, parentOf, trailOf } from './path.ts'
import type { Tree } from './tree.ts'

interface Props {
  tree: Tree
  entries: Entry[]
  onClose: () => void
  onDone: (path?: string) => Promise<void>
}

/** Moves entries into a folder that is found by walking through the tree. */
export function MoveDialog({ tree, entries, onClose, onDone }: Props) {
  const client = useQueryClient()
  const [folder, setFolder] = useState(() => parentOf(entries[0]?.path ?? ''))
  const [left, setLeft] = useState(entries)
  const [only] = entries.length === 1 ? entries : []
  const name = folder === '' ? tree.title : (trailOf(folder).at(-1)?.name ?? '')
  const same = entries.every((entry) => parentOf(entry.path) === folder)
  const move = useMutation({
    mutationFn: async () => {
      for (const entry of left) {
        const to = joinPath(folder, entry.name)
        if (to !== entry.path) await call(moveEntry, { params: { tree: tree.id }, body: { from: entry.path, to } })
        setLeft((before) => before.filter(({ path }) => path !== entry.path))
      }
    },
    onSuccess: async () => {
      await onDone(only === undefined ? undefined : joinPath(folder, only.name))
      tell(`Moved to “${name}”.`)
    },
    onError: () => client.invalidateQueries({ queryKey: ['entry', tree.id] }),
  })
  return (
    <Dialog
      title={only === undefined ? `Move ${count(entries.length, 'entry', 'entries')}` : `Move “${only.name}”`}
      onClose={onClose}
    >
      <div className="stack">
        <nav aria-label="Target folder" className="picker-trail">
          {[{ name: tree.title, path: '' }, ...trailOf(folder)].map((step, index, all) => (
            <span key={step.path}>
              {index === all.length - 1 ? (
                <strong aria-current="location">{step.name}</strong>
              ) : (
                <button type="button" onClick={() => setFolder(step.path)}>
                  {step.name}
                </button>
              )}
              {index === all.length - 1 ? null : <Icon name="chevronRight" size={14} />}
            </span>
          ))}
        </nav>
        <FolderList tree={tree} folder={folder} without={entries} onOpen={setFolder} />
        {move.isError ? <Problem title="Not everything was moved." error={move.error} /> : null}
        <div className="row row-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button loading={move.isPending} disabled={same} onClick={() => move.mutate()}>
            {same ? 'It is in this folder' : `Move to “${shorten(name)}”`}
          </Button>
        </div>
      </div>
    </Dialog>
  )
}

interface FolderListProps {
  tree: Tree
  folder: string
  /** A folder is not moved into itself. */
  without: Entry[]
  onOpen: (path: string) => void
}

function FolderList({ tree, folder, without, onOpen }: FolderListProps) {
  const found = useQuery(entryQuery(tree.id, folder))
  if (found.isError) return <Problem error={found.error} retry={() => void found.refetch()} />
  if (found.data === undefined) return <Waiting />
  const moving = new Set(without.map(({ path }) => path))
  const folders = (found.data.children ?? []).filter(
    (entry) => entry.kind === 'folder' && entry.writable && !entry.name.startsWith('.') && !moving.has(entry.path),
  )
  if (folders.length === 0) return <p className="picker muted">No folders in here.</p>
  return (
    <ul className="picker">
      {folders.map((entry) => (
        <li key={entry.path}>
          <button type="button" onClick={() => onOpen(entry.path)}>
            <Icon name="folder" className="file-icon file-icon-folder" />
            <span>{entry.name}</span>
            <Icon name="chevronRight" size={14} />
          </button>
        </li>
      ))}
    </ul>
  )
}

function shorten(name: string): string {
  return name.length > 24 ? `${name.slice(0, 22)}…` : name
}
