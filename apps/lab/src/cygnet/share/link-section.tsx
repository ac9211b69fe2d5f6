import type { ReactNode } from 'react'
import { useState } from 'react'
import { LinkForm } from './link-form.tsx'
import { LinkRow } from './link-row.tsx'
import type { LinkShare, Shares } from './use-shares.ts'

/** The links to a file or folder, and making another. */
export function LinkSection({ shares, list }: { shares: Shares; list: LinkShare[] }): ReactNode {
  const [creating, setCreating] = useState(false)
  return (
    <section aria-labelledby="cygnet-share-links">
      <h3 id="cygnet-share-links">Links</h3>
      <p className="cygnet-Share-hint">Anyone who has a link can see and download it, without an account.</p>
      {list.length > 0 && (
        <ul className="cygnet-Share-list">
          {list.map((share) => (
            <LinkRow key={share.id} shares={shares} share={share} />
          ))}
        </ul>
      )}
      {creating ? (
        <LinkForm
          accept="Create link"
          busy={shares.busy}
          onAccept={async ({ password, expires }) => {
            const options = { ...(password ? { password } : {}), ...(expires ? { expires } : {}) }
            if (await shares.createLink(options)) setCreating(false)
          }}
          onCancel={() => setCreating(false)}
        />
      ) : (
        <div className="cygnet-Share-buttons">
          <button
            type="button"
            className="jp-mod-styled jp-mod-accept"
            disabled={shares.busy}
            onClick={() => void shares.createLink({})}
          >
            Create link
          </button>
          <button
            type="button"
            className="jp-mod-styled jp-mod-reject"
            disabled={shares.busy}
            onClick={() => setCreating(true)}
          >
            With password or expiry…
          </button>
        </div>
      )}
    </section>
  )
}
