import type { ReactNode } from 'react'
import { LinkSection } from './link-section.tsx'
import { PeopleSection } from './people-section.tsx'
import { isLink, isWithUser, useShares } from './use-shares.ts'

/** Where the session shows what others share; the notebook server and the hub give it this name. */
const received = 'Shared with me'

interface ShareDialogProps {
  path: string
  onClose: () => void
}

/** How one file or folder is shared, and what can be changed about it. */
export function ShareDialog({ path, onClose }: ShareDialogProps): ReactNode {
  const parts = path.split('/')
  return (
    <div className="cygnet-Share-content">
      <header className="cygnet-Share-header">
        <h2 id="cygnet-share-title">Share “{parts.at(-1)}”</h2>
        {parts.length > 1 && <p className="cygnet-Share-path">in {parts.slice(0, -1).join(' / ')}</p>}
      </header>
      {parts[0] === received ? <NotYours /> : <Own path={path} />}
      <footer className="cygnet-Share-footer">
        <button type="button" className="jp-mod-styled jp-mod-reject" onClick={onClose}>
          Close
        </button>
      </footer>
    </div>
  )
}

function NotYours(): ReactNode {
  return (
    <p>
      Everything in <em>{received}</em> belongs to someone else, and only its owner can share it. To share it yourself,
      copy it into a folder of your own first.
    </p>
  )
}

function Own({ path }: { path: string }): ReactNode {
  const shares = useShares(path)
  return (
    <>
      <div role="alert">
        {shares.failure !== undefined && (
          <p className="cygnet-Share-failure">
            <strong>{shares.failure.message}</strong> {shares.failure.mend}
          </p>
        )}
      </div>
      {shares.list === undefined ? (
        <Unread busy={shares.busy} onRetry={() => void shares.reload()} />
      ) : (
        <>
          <LinkSection shares={shares} list={shares.list.filter(isLink)} />
          <PeopleSection shares={shares} list={shares.list.filter(isWithUser)} />
        </>
      )}
    </>
  )
}

function Unread({ busy, onRetry }: { busy: boolean; onRetry: () => void }): ReactNode {
  if (busy) return <p>Looking up who can see it…</p>
  return (
    <button type="button" className="jp-mod-styled jp-mod-accept" onClick={onRetry}>
      Try again
    </button>
  )
}
