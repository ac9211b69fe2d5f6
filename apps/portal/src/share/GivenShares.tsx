import type { Share } from '@cygnet/contract/v1/shares'
import { Button } from '@mantine/core'
import { useRef, useState } from 'react'
import { homeTree } from '../files/tree.ts'
import { TreeLink } from '../files/TreeLink.tsx'
import { Icon } from '../ui/Icon.tsx'
import { EndedShares } from './EndedShares.tsx'
import { ShareDialog } from './ShareDialog.tsx'
import { describeTo } from './share-kinds.ts'

/** What the user shares, one line for each file or folder. */
export function GivenShares({ shares }: { shares: Share[] }) {
  const [managed, setManaged] = useState<Share>()
  const origin = useRef<HTMLElement>(null)
  const ended = shares.filter((share) => share.ended !== null)
  const byPath = Map.groupBy(
    shares.filter((share) => share.ended === null),
    ({ path }) => path,
  )
  return (
    <>
      <ul className="shared-list">
        {[...byPath.values()].map((same) => {
          const [share] = same
          if (share === undefined) return null
          return (
            <li key={share.path}>
              <Icon
                name={share.kind === 'folder' ? 'folder' : 'file'}
                size={20}
                className={share.kind === 'folder' ? 'file-icon file-icon-folder' : 'file-icon'}
              />
              <div className="shared-what">
                {share.kind === 'missing' ? (
                  <span className="muted">{share.name} (cannot be reached now)</span>
                ) : (
                  <TreeLink tree={homeTree} path={share.path} title={share.path}>
                    {share.name}
                  </TreeLink>
                )}
                <p className="muted small">{describeTo(same)}</p>
              </div>
              <Button
                size="compact-sm"
                variant="subtle"
                aria-label={`Manage the sharing of ${share.name}`}
                onClick={(event) => {
                  origin.current = event.currentTarget
                  setManaged(share)
                }}
              >
                Manage
              </Button>
            </li>
          )
        })}
      </ul>
      {ended.length === 0 ? null : <EndedShares shares={ended} />}
      {managed === undefined ? null : (
        <ShareDialog
          entry={{ path: managed.path, name: managed.name, kind: managed.kind === 'folder' ? 'folder' : 'file' }}
          onClose={() => {
            setManaged(undefined)
            setTimeout(() =>
              (origin.current?.isConnected === true ? origin.current : document.getElementById('main'))?.focus(),
            )
          }}
        />
      )}
    </>
  )
}
