import { Button } from '@mantine/core'
import { count } from '../ui/format.ts'
import { Icon } from '../ui/Icon.tsx'
import type { AskFor } from './actions.ts'
import type { Selection } from './use-selection.ts'

/** What can be done with several entries at once. */
export function SelectionBar({ selection, askFor }: { selection: Selection; askFor: AskFor }) {
  const { entries } = selection
  return (
    <div className="files-bar files-selection" role="toolbar" aria-label="Selected entries">
      <span className="files-count" role="status">
        {count(entries.length, 'entry', 'entries')} selected
      </span>
      <Button
        size="compact-md"
        variant="subtle"
        leftSection={<Icon name="move" />}
        onClick={(event) => askFor({ kind: 'move', entries }, event.currentTarget)}
      >
        Move…
      </Button>
      <Button
        size="compact-md"
        variant="subtle"
        color="danger"
        leftSection={<Icon name="trash" />}
        onClick={(event) => askFor({ kind: 'delete', entries }, event.currentTarget)}
      >
        Delete…
      </Button>
      <Button size="compact-md" variant="subtle" onClick={selection.clear}>
        Cancel
      </Button>
    </div>
  )
}
