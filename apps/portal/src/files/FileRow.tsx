import type { Entry } from '@cygnet/contract/v1/files'
import { ActionIcon, Checkbox } from '@mantine/core'
import { memo } from 'react'
import { formatSize } from '../ui/format.ts'
import { Icon } from '../ui/Icon.tsx'
import { When } from '../ui/When.tsx'
import { canShare, type AskFor } from './actions.ts'
import { EntryMenu } from './EntryMenu.tsx'
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
      style={{ top: index * height, height }}
    >
      {selectable ? (
        <div role="gridcell" className="files-check">
          <Checkbox
            size="xs"
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
          <ActionIcon
            className="files-share"
            variant="subtle"
            size="lg"
            tabIndex={tabIndex}
            aria-label={`Share ${entry.name}`}
            onClick={(event) => askFor({ kind: 'share', entry }, event.currentTarget)}
          >
            <Icon name="share" />
          </ActionIcon>
        ) : null}
        <EntryMenu tree={tree} entry={entry} askFor={askFor} tabIndex={tabIndex} />
      </div>
    </div>
  )
})
