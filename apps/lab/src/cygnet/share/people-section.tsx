import type { ReactNode } from 'react'
import { AccessSelect } from './access-select.tsx'
import { PersonForm } from './person-form.tsx'
import type { Shares, UserShare } from './use-shares.ts'

/** The users who see a file or folder in their own space, and adding one. */
export function PeopleSection({ shares, list }: { shares: Shares; list: UserShare[] }): ReactNode {
  return (
    <section aria-labelledby="cygnet-share-people">
      <h3 id="cygnet-share-people">People</h3>
      <p className="cygnet-Share-hint">They find it under “Shared with me”, in the portal and in their notebooks.</p>
      {list.length > 0 && (
        <ul className="cygnet-Share-list">
          {list.map((share) => (
            <li key={share.id} className="cygnet-Share-item cygnet-Share-line">
              <span className="cygnet-Share-name">{share.to.name}</span>
              <AccessSelect
                label={`What ${share.to.name} can do`}
                value={share.to.access}
                disabled={shares.busy}
                onChange={(access) => void shares.update(share, { access })}
              />
              <button
                type="button"
                className="cygnet-Share-quiet cygnet-mod-danger"
                aria-label={`Stop sharing with ${share.to.name}`}
                disabled={shares.busy}
                onClick={() => void shares.revoke(share)}
              >
                Remove
              </button>
            </li>
          ))}
        </ul>
      )}
      <PersonForm busy={shares.busy} onShare={(name, access) => shares.shareWith(name, access)} />
    </section>
  )
}
