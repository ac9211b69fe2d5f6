import type { Entry } from '@cygnet/contract/v1/files'
import { ActionIcon, Menu } from '@mantine/core'
import { useRef, type RefObject } from 'react'
import { useOpenInLab } from '../start/use-server.ts'
import { useUserName } from '../shell/use-user-name.ts'
import { Icon } from '../ui/Icon.tsx'
import { tellProblem } from '../ui/toasts.ts'
import { canChange, canShare, type Ask, type AskFor } from './actions.ts'
import { downloadUrl, labUrl, type Tree } from './tree.ts'

interface Props {
  tree: Tree
  entry: Entry
  askFor: AskFor
}

/** A button with everything that can be done with a file or folder. */
export function EntryMenu({ tree, entry, askFor }: Props) {
  const button = useRef<HTMLButtonElement>(null)
  return (
    <Menu position="bottom-end" width={210} shadow="md">
      <Menu.Target>
        <ActionIcon ref={button} variant="subtle" size="lg" aria-label={`Actions for ${entry.name}`}>
          <Icon name="more" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Items tree={tree} entry={entry} ask={(ask) => askFor(ask, button.current)} />
      </Menu.Dropdown>
    </Menu>
  )
}

interface DropdownProps extends Props {
  /** What opened it, and gets the focus back. */
  button: RefObject<HTMLButtonElement | null>
  onClose: () => void
}

/** The same menu, open, for a button that stands beside it. */
export function EntryMenuDropdown({ tree, entry, askFor, button, onClose }: DropdownProps) {
  const close = () => {
    onClose()
    button.current?.focus({ preventScroll: true })
  }
  return (
    <Menu
      opened
      position="bottom-end"
      width={210}
      shadow="md"
      transitionProps={{ duration: 0 }}
      returnFocus={false}
      onClose={close}
    >
      <Menu.Target>
        <span className="files-anchor" aria-hidden="true">
          Actions
        </span>
      </Menu.Target>
      <Menu.Dropdown>
        <Items tree={tree} entry={entry} ask={(ask) => askFor(ask, button.current)} />
      </Menu.Dropdown>
    </Menu>
  )
}
function Items({ tree, entry, ask }: { tree: Tree; entry: Entry; ask: (ask: Ask) => void }) {
  const user = useUserName()
  const openInLab = useOpenInLab()
  const lab = user === undefined ? undefined : labUrl(tree, entry, user)
  return (
    <>
      {lab === undefined ? null : (
        <Menu.Item
          leftSection={<Icon name="open" />}
          onClick={() =>
            openInLab.mutate(lab, { onError: (error) => tellProblem(`“${entry.name}” was not opened.`, error) })
          }
        >
          Open in my lab
        </Menu.Item>
      )}
      <Menu.Item component="a" href={downloadUrl(tree, entry)} download leftSection={<Icon name="download" />}>
        {entry.kind === 'folder' ? 'Download as zip' : 'Download'}
      </Menu.Item>
      {canShare(tree, entry) ? (
        <Menu.Item leftSection={<Icon name="share" />} onClick={() => ask({ kind: 'share', entry })}>
          Share…
        </Menu.Item>
      ) : null}
      {canChange(tree, entry) ? (
        <>
          <Menu.Divider />
          <Menu.Item leftSection={<Icon name="rename" />} onClick={() => ask({ kind: 'rename', entry })}>
            Rename…
          </Menu.Item>
          <Menu.Item leftSection={<Icon name="move" />} onClick={() => ask({ kind: 'move', entries: [entry] })}>
            Move…
          </Menu.Item>
          <Menu.Item
            color="danger"
            leftSection={<Icon name="trash" />}
            onClick={() => ask({ kind: 'delete', entries: [entry] })}
          >
            Delete…
          </Menu.Item>
        </>
      ) : null}
    </>
  )
}
