import type { ReactNode } from 'react'
import { useRef, useState } from 'react'
import { copyText } from './copy-text.ts'
import { describeExpiry } from './expiry.ts'
import { LinkForm } from './link-form.tsx'
import type { LinkShare, Shares } from './use-shares.ts'

/** One link: its address to copy, what guards it, and changing or ending it. */
export function LinkRow({ shares, share }: { shares: Shares; share: LinkShare }): ReactNode {
  const address = useRef<HTMLInputElement>(null)
  const [copied, setCopied] = useState(false)
  const [changing, setChanging] = useState(false)
  const url = new URL(share.to.url, location.origin).href

  return (
    <li className="cygnet-Share-item">
      <div className="cygnet-Share-line">
        <input
          ref={address}
          className="jp-mod-styled cygnet-Share-address"
          aria-label="Address of the link"
          readOnly
          value={url}
          onFocus={(event) => event.target.select()}
        />
        <button
          type="button"
          className="jp-mod-styled jp-mod-accept"
          onClick={() => void copyText(url, address.current).then(setCopied)}
        >
          {copied ? 'Copied' : 'Copy'}
        </button>
      </div>
      <div className="cygnet-Share-line">
        <span className="cygnet-Share-facts">
          {share.to.hasPassword ? 'With a password' : 'No password'} · {describeExpiry(share.expires, new Date())}
        </span>
        <button
          type="button"
          className="cygnet-Share-quiet"
          aria-expanded={changing}
          onClick={() => setChanging(!changing)}
        >
          Change…
        </button>
        <button
          type="button"
          className="cygnet-Share-quiet cygnet-mod-danger"
          disabled={shares.busy}
          onClick={() => void shares.revoke(share)}
        >
          Revoke
        </button>
      </div>
      <span className="cygnet-Share-heard" role="status">
        {copied && 'Copied'}
      </span>
      {changing && (
        <LinkForm
          share={share}
          accept="Save"
          busy={shares.busy}
          onAccept={async (options) => {
            if (await shares.update(share, options)) setChanging(false)
          }}
          onCancel={() => setChanging(false)}
        />
      )}
    </li>
  )
}
