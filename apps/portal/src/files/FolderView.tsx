import type { Entry } from '@cygnet/contract/v1/files'
import { Button, Menu, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useDeferredValue, useMemo, useRef, useState } from 'react'
import { sharesQuery } from '../api/queries.ts'
import { count } from '../ui/format.ts'
import { Icon } from '../ui/Icon.tsx'
import { DropZone } from '../uploads/DropZone.tsx'
import { UploadButton } from '../uploads/UploadButton.tsx'
import { canChange } from './actions.ts'
import { Breadcrumbs } from './Breadcrumbs.tsx'
import { FileList } from './FileList.tsx'
import { FolderEmpty } from './FolderEmpty.tsx'
import { filterEntries, sortEntries, type Order } from './order.ts'
import { SelectionBar } from './SelectionBar.tsx'
import { downloadUrl, type Tree } from './tree.ts'
import { useAsk } from './use-ask.tsx'
import { useSelection } from './use-selection.ts'

interface Props {
  tree: Tree
  folder: Entry & { children?: Entry[] | undefined }
  owner?: string | undefined
}

const none: Entry[] = []

/** A folder: its entries, and what can be done with them as far as the tree permits. */
export function FolderView({ tree, folder, owner }: Props) {
  const children = folder.children ?? none
  const [order, setOrder] = useState<Order>({ by: 'name', descending: false })
  const [words, setWords] = useState('')
  const [hidden, setHidden] = useState(false)
  const wanted = useDeferredValue(words)
  const entries = useMemo(
    () => sortEntries(filterEntries(children, wanted, hidden), order),
    [children, wanted, hidden, order],
  )
  const selection = useSelection(entries)
  const list = useRef<HTMLDivElement>(null)
  const { askFor, dialog } = useAsk({
    tree,
    onDone: selection.clear,
    // What had the focus may be gone with what was deleted.
    fallback: (path) => {
      const row = path === undefined ? null : list.current?.querySelector(`[data-path="${CSS.escape(path)}"]`)
      return (
        (row ?? list.current)?.querySelector<HTMLElement>(row ? '[data-name]' : '[data-name][tabindex="0"]') ?? null
      )
    },
  })
  const mine = useQuery({ ...sharesQuery(), enabled: tree.place.kind === 'home' })
  const sharedPaths = useMemo(
    () => new Set(mine.data?.filter(({ ended }) => ended === null).map(({ path }) => path)),
    [mine.data],
  )
  const writable = folder.writable && tree.place.kind !== 'link'
  const hiddenCount = hidden ? 0 : children.filter(({ name }) => name.startsWith('.')).length
  const selectable = writable && children.some((entry) => canChange(tree, entry))

  return (
    <DropZone tree={tree} folder={folder} enabled={writable}>
      <div className="page-head">
        <div className="files-place">
          <Breadcrumbs tree={tree} path={folder.path} />
          {owner === undefined ? null : (
            <p className="muted small files-owner">
              Shared by {owner}
              {writable ? '' : ' · you can read and download'}
            </p>
          )}
        </div>
        <div className="row files-tools">
          {writable ? (
            <>
              <Button
                variant="default"
                leftSection={<Icon name="folderAdd" />}
                onClick={(event) => askFor({ kind: 'new-folder', folder }, event.currentTarget)}
              >
                New folder
              </Button>
              <UploadButton tree={tree} folder={folder} />
            </>
          ) : (
            <Button
              component="a"
              href={downloadUrl(tree, folder)}
              download
              variant={tree.place.kind === 'link' ? 'filled' : 'default'}
              leftSection={<Icon name="download" />}
            >
              Download all as zip
            </Button>
          )}
        </div>
      </div>
      {children.length === 0 ? (
        <FolderEmpty tree={tree} folder={folder} writable={writable} />
      ) : (
        <div className="card files-card">
          {selection.entries.length > 0 ? (
            <SelectionBar selection={selection} askFor={askFor} />
          ) : (
            <div className="files-bar">
              <TextInput
                className="files-filter"
                size="sm"
                placeholder="Filter"
                aria-label="Filter by name"
                leftSection={<Icon name="search" size={16} />}
                value={words}
                onChange={(event) => setWords(event.currentTarget.value)}
              />
              <span className="muted small files-count" role="status">
                {count(entries.length, 'entry', 'entries')}
              </span>
              <FolderMenu
                tree={tree}
                folder={folder}
                hidden={hidden}
                hiddenCount={hiddenCount}
                onHidden={setHidden}
                zip={writable}
              />
            </div>
          )}
          {entries.length === 0 ? (
            <p className="files-none muted">
              {wanted.trim() === ''
                ? `Everything in this folder is hidden (its name begins with a dot).`
                : `Nothing here has “${wanted.trim()}” in its name.`}
            </p>
          ) : (
            <FileList
              ref={list}
              tree={tree}
              label={folder.path === '' ? tree.title : folder.name}
              entries={entries}
              order={order}
              onOrder={setOrder}
              selection={selection}
              selectable={selectable}
              sharedPaths={sharedPaths}
              askFor={askFor}
            />
          )}
        </div>
      )}
      {dialog}
    </DropZone>
  )
}

interface FolderMenuProps {
  tree: Tree
  folder: Entry
  hidden: boolean
  hiddenCount: number
  onHidden: (hidden: boolean) => void
  zip: boolean
}

function FolderMenu({ tree, folder, hidden, hiddenCount, onHidden, zip }: FolderMenuProps) {
  if (!zip && !hidden && hiddenCount === 0) return null
  return (
    <Menu position="bottom-end" width={230} shadow="md">
      <Menu.Target>
        <Button variant="subtle" size="sm" rightSection={<Icon name="chevronDown" size={14} />}>
          This folder
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {zip ? (
          <Menu.Item component="a" href={downloadUrl(tree, folder)} download leftSection={<Icon name="download" />}>
            Download all as zip
          </Menu.Item>
        ) : null}
        <Menu.Item leftSection={<Icon name="eye" />} onClick={() => onHidden(!hidden)}>
          {hidden ? 'Hide hidden files' : `Show hidden files${hiddenCount > 0 ? ` (${hiddenCount})` : ''}`}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
