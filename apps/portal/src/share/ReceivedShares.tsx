import type { ReceivedShare } from '@cygnet/contract/v1/shares'
import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { Dialog } from '../ui/Dialog.tsx'
import { Icon } from '../ui/Icon.tsx'
import { Problem } from '../ui/Problem.tsx'
import { When } from '../ui/When.tsx'
import { useRevokeShare } from './use-shares.ts'

export function ReceivedShares({ shares }: { shares: ReceivedShare[] }) {
  const [leaving, setLeaving] = useState<ReceivedShare>()
  return (
    <>
      <ul className="shared-list">
        {shares.map((share) => (
          <li key={share.id}>
            <Icon
              name={share.kind === 'folder' ? 'folder' : 'file'}
              size={20}
              className={share.kind === 'folder' ? 'file-icon file-icon-folder' : 'file-icon'}
            />
            <div className="shared-what">
              {share.kind === 'missing' ? (
                <span className="muted">{share.name} (no longer there)</span>
              ) : (
                <Link to="/shared/$share/$" params={{ share: share.id, _splat: '' }}>
                  {share.name}
                </Link>
              )}
              <p className="muted small">
                from {share.owner} · {share.access === 'write' ? 'you can change it' : 'you can read it'} ·{' '}
                <When iso={share.created} />
              </p>
            </div>
            <Button
              size="compact-sm"
              variant="subtle"
              aria-label={`Remove ${share.name} from my list`}
              onClick={() => setLeaving(share)}
            >
              Remove
            </Button>
          </li>
        ))}
      </ul>
      {leaving === undefined ? null : <LeaveDialog share={leaving} onClose={() => setLeaving(undefined)} />}
    </>
  )
}

function LeaveDialog({ share, onClose }: { share: ReceivedShare; onClose: () => void }) {
  const revoke = useRevokeShare()
  return (
    <Dialog title="Remove it from what is shared with you?" onClose={onClose}>
      <div className="stack">
        <p className="breakable">
          You no longer see <strong>{share.name}</strong> until {share.owner} shares it again. Nothing is deleted.
        </p>
        {revoke.isError ? <Problem title="It was not removed." error={revoke.error} /> : null}
        <div className="row row-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            Cancel
          </Button>
          <Button
            color="danger"
            loading={revoke.isPending}
            onClick={() => revoke.mutate(share.id, { onSuccess: onClose })}
          >
            Remove
          </Button>
        </div>
      </div>
    </Dialog>
  )
}
