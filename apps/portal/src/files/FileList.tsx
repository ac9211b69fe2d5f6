import type { Entry } from '@cygnet/contract/v1/files'
import { useMediaQuery } from '@mantine/hooks'
import { useCallback, useRef, type Ref } from 'react'
import { Icon } from '../ui/Icon.tsx'
import { canChange, type AskFor } from './actions.ts'
import { FileRow } from './FileRow.tsx'
import type { Order, SortKey } from './order.ts'
import type { Tree } from './tree.ts'
import { useListKeys } from './use-list-keys.ts'
import type { Selection } from './use-selection.ts'
import { useVisibleRows } from './use-visible-rows.ts'

interface Props {
  tree: Tree
  label: string
  /** As they are shown: filtered and in order. */
  entries: Entry[]
  order: Order
  onOrder: (order: Order) => void
  selection: Selection
  selectable: boolean
  sharedPaths: ReadonlySet<string>
  askFor: AskFor
  ref?: Ref<HTMLDivElement>
}

const columns: Array<{ key: SortKey; label: string }> = [
  { key: 'name', label: 'Name' },
  { key: 'modified', label: 'Modified' },
  { key: 'size', label: 'Size' },
]

/**
 * A folder's entries as a grid: only the rows in sight exist, the arrow keys walk through all of them. One row at a time
 * is in the order of the Tab key.
 */
export function FileList(props: Props) {
  const { tree, label, entries, order, onOrder, selection, selectable, sharedPaths, askFor, ref } = props
  const height = useMediaQuery('(max-width: 640px)', false, { getInitialValueInEffect: false }) ? 60 : 46
  const rows = useRef<HTMLDivElement>(null)
  const range = useVisibleRows(rows, entries.length, height)
  const keys = useListKeys({ rows, entries, height, selection, selectable, tree, askFor })
  const { toggle } = selection
  const extend = useRef(selection.extend)
  extend.current = selection.extend
  const onSelect = useCallback(
    (path: string, toHere: boolean) => (toHere ? extend.current(path) : toggle(path)),
    [toggle],
  )

  const shown = entries.slice(range.first, range.end).map((entry, offset) => ({ entry, index: range.first + offset }))
  const active = entries[keys.active]
  // The row that has the focus stays, or the focus would be lost when it is scrolled out of sight.
  if (active !== undefined && (keys.active < range.first || keys.active >= range.end))
    shown.push({ entry: active, index: keys.active })
  const changeable = entries.filter((entry) => canChange(tree, entry))
  const all = changeable.length > 0 && changeable.every(({ path }) => selection.paths.has(path))

  return (
    <div
      ref={ref}
      role="grid"
      className={selectable ? 'files files-selectable' : 'files'}
      aria-label={label}
      aria-rowcount={entries.length + 1}
      aria-multiselectable={selectable}
      onKeyDown={keys.onKeyDown}
      onFocus={keys.onFocus}
    >
      <div role="rowgroup">
        <div role="row" className="files-head" aria-rowindex={1}>
          {selectable ? (
            <div role="columnheader" className="files-check">
              <input
                type="checkbox"
                className="check"
                aria-label="Select all"
                checked={all}
                ref={(box) => {
                  if (box !== null) box.indeterminate = !all && selection.entries.length > 0
                }}
                onChange={() => (all ? selection.clear() : selection.set(changeable.map(({ path }) => path)))}
              />
            </div>
          ) : null}
          {columns.map((column) => (
            <Heading key={column.key} column={column} order={order} onOrder={onOrder} />
          ))}
          <div role="columnheader" className="files-actions">
            <span className="visually-hidden">Actions</span>
          </div>
        </div>
      </div>
      <div role="rowgroup" ref={rows} className="files-rows" style={{ height: entries.length * height }}>
        {shown.map(({ entry, index }) => (
          <FileRow
            key={entry.path}
            tree={tree}
            entry={entry}
            index={index}
            height={height}
            active={index === keys.active}
            selected={selection.paths.has(entry.path)}
            selectable={selectable}
            shared={sharedPaths.has(entry.path)}
            onSelect={onSelect}
            askFor={askFor}
          />
        ))}
      </div>
    </div>
  )
}

function Heading({
  column,
  order,
  onOrder,
}: {
  column: { key: SortKey; label: string }
  order: Order
  onOrder: (order: Order) => void
}) {
  const chosen = order.by === column.key
  const direction = order.descending ? 'descending' : 'ascending'
  return (
    <div role="columnheader" className={`files-${classes[column.key]}`} aria-sort={chosen ? direction : 'none'}>
      <button
        type="button"
        className="files-sort"
        // The newest and the largest are what one looks for first.
        onClick={() => onOrder({ by: column.key, descending: chosen ? !order.descending : column.key !== 'name' })}
      >
        {column.label}
        {chosen ? <Icon name={order.descending ? 'arrowDown' : 'arrowUp'} size={13} /> : null}
      </button>
    </div>
  )
}

const classes: Record<SortKey, string> = { name: 'name', modified: 'when', size: 'size' }
