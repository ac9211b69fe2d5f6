import type { FormEvent, ReactNode } from 'react'
import { useId, useState } from 'react'
import type { Expiry } from './expiry.ts'
import { expiryLabels, toDateValue, toExpiryTime } from './expiry.ts'
import type { LinkOptions, LinkShare } from './use-shares.ts'

interface LinkFormProps {
  /** The link to change; undefined for a new one. */
  share?: LinkShare
  accept: string
  busy: boolean
  onAccept: (options: LinkOptions) => Promise<void>
  onCancel: () => void
}

/** Password and expiry of a link, new or existing. */
export function LinkForm({ share, accept, busy, onAccept, onCancel }: LinkFormProps): ReactNode {
  const id = useId()
  const [hasPassword, setHasPassword] = useState(share?.to.hasPassword ?? false)
  const [password, setPassword] = useState('')
  const expires = share?.expires ?? null
  const [expiry, setExpiry] = useState<Expiry>(expires === null ? 'never' : 'date')
  const [date, setDate] = useState(expires === null ? '' : toDateValue(new Date(expires)))
  const keepsPassword = share?.to.hasPassword === true

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    await onAccept({
      ...(hasPassword ? (password === '' ? {} : { password }) : { password: null }),
      expires: toExpiryTime(expiry, date, new Date()),
    })
  }

  return (
    <form className="cygnet-Share-form" onSubmit={(event) => void submit(event)}>
      <label className="cygnet-Share-check">
        <input type="checkbox" checked={hasPassword} onChange={(event) => setHasPassword(event.target.checked)} />
        Ask for a password
      </label>
      {hasPassword && (
        <div className="cygnet-Share-field">
          <label htmlFor={`${id}-password`}>Password</label>
          <input
            id={`${id}-password`}
            className="jp-mod-styled"
            type="password"
            autoComplete="new-password"
            maxLength={1024}
            required={!keepsPassword}
            placeholder={keepsPassword ? 'Unchanged' : ''}
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        </div>
      )}
      <div className="cygnet-Share-field">
        <label htmlFor={`${id}-expiry`}>Expires</label>
        <select
          id={`${id}-expiry`}
          className="jp-mod-styled"
          value={expiry}
          onChange={(event) => setExpiry(event.target.value as Expiry)}
        >
          {Object.entries(expiryLabels).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </div>
      {expiry === 'date' && (
        <div className="cygnet-Share-field">
          <label htmlFor={`${id}-date`}>Last day</label>
          <input
            id={`${id}-date`}
            className="jp-mod-styled"
            type="date"
            required
            min={toDateValue(new Date())}
            value={date}
            onChange={(event) => setDate(event.target.value)}
          />
        </div>
      )}
      <div className="cygnet-Share-buttons">
        <button type="submit" className="jp-mod-styled jp-mod-accept" disabled={busy}>
          {accept}
        </button>
        <button type="button" className="jp-mod-styled jp-mod-reject" onClick={onCancel}>
          Cancel
        </button>
      </div>
    </form>
  )
}
