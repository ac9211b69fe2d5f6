import type { Entry } from '@cygnet/contract/v1/files'
import { memo, useRef, useState } from 'react'
import { formatSize } from '../ui/format.ts'
import { Icon } from '../ui/Icon.tsx'
import { When } from '../ui/When.tsx'
import { canShare, type AskFor } from './actions.ts'
import { EntryMenuDropdown } from './EntryMenu.tsx'
import { FileIcon } from './FileIcon.tsx'
import type { Tree } from './tree.ts'
import { TreeLink } from './TreeLink.tsx'

interface Props {
  tree: Tree
  entry: Entry
  index: number
  height: number
  /** The one row whose controls the Tab key reaches. */
  active: boolean
  selected: boolean
  selectable: boolean
  shared: boolean
  onSelect: (path: string, range: boolean) => void
  askFor: AskFor
}

export const FileRow = memo(function FileRow(props: Props) {
  const { tree, entry, index, height, active, selected, selectable, shared, onSelect, askFor } = props
  const tabIndex = active ? 0 : -1
  return (
    <div
      role="row"
      className="files-row"
      aria-rowindex={index + 2}
      aria-selected={selectable ? selected : undefined}
      data-row={index}
      data-path={entry.path}
      style={{ top: index * height, height }}
    >
      {selectable ? (
        <div role="gridcell" className="files-check">
          <input
            type="checkbox"
            className="check"
            tabIndex={tabIndex}
            checked={selected}
            aria-label={`Select ${entry.name}`}
            onChange={(event) =>
              onSelect(entry.path, event.nativeEvent instanceof MouseEvent && event.nativeEvent.shiftKey)
            }
          />
        </div>
      ) : null}
      <div role="gridcell" className="files-name">
        <FileIcon entry={entry} />
        <TreeLink tree={tree} path={entry.path} tabIndex={tabIndex} data-name title={entry.name}>
          {entry.name}
        </TreeLink>
        {shared ? (
          <span className="files-shared" title="You share this">
            <Icon name="people" size={15} />
            <span className="visually-hidden">shared</span>
          </span>
        ) : null}
      </div>
      <div role="gridcell" className="files-when">
        <When iso={entry.modified} />
      </div>
      <div role="gridcell" className="files-size">
        {entry.kind === 'folder' ? <span className="visually-hidden">folder</span> : formatSize(entry.size)}
      </div>
      <div role="gridcell" className="files-actions">
        {canShare(tree, entry) ? (
          <button
            type="button"
            className="icon-button files-share"
            tabIndex={tabIndex}
            aria-label={`Share ${entry.name}`}
            onClick={(event) => askFor({ kind: 'share', entry }, event.currentTarget)}
          >
            <Icon name="share" />
          </button>
        ) : null}
        <RowMenu tree={tree} entry={entry} askFor={askFor} tabIndex={tabIndex} />
      </div>
    </div>
  )
})

interface RowMenuProps {
  tree: Tree
  entry: Entry
  askFor: AskFor
  tabIndex: number
}

/** The menu itself is there only while it is open: rows come and go by the dozen while one scrolls. */
function RowMenu({ tree, entry, askFor, tabIndex }: RowMenuProps) {
  const [open, setOpen] = useState(false)
  const button = useRef<HTMLButtonElement>(null)
  return (
    <>
      <button
        ref={button}
        type="button"
        className="icon-button"
        tabIndex={tabIndex}
        aria-label={`Actions for ${entry.name}`}
        aria-haspopup="menu"
        aria-expanded={open}
        // The menu would take this for a click elsewhere, close, and the click would open it again.
        onMouseDown={(event) => open && event.stopPropagation()}
        onTouchStart={(event) => open && event.stopPropagation()}
        onClick={() => setOpen(!open)}
      >
        <Icon name="more" />
      </button>
      {open ? (
        <EntryMenuDropdown tree={tree} entry={entry} askFor={askFor} button={button} onClose={() => setOpen(false)} />
      ) : null}
    </>
  )
}
