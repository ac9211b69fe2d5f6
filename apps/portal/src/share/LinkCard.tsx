import { Button, Checkbox, TextInput } from '@mantine/core'
import { useState } from 'react'
import { formatDate } from '../ui/format.ts'
import { Icon } from '../ui/Icon.tsx'
import { Problem } from '../ui/Problem.tsx'
import { tell } from '../ui/toasts.ts'
import { copyText } from './copy-text.ts'
import { LinkOptions, type LinkChoice } from './LinkOptions.tsx'
import { addressOf, dayOf, endOfDay, type LinkShare } from './share-kinds.ts'
import { useRevokeShare, useUpdateShare } from './use-shares.ts'

/** A link that exists: copy it, change it, end it. */
export function LinkCard({ share }: { share: LinkShare }) {
  const [changing, setChanging] = useState(false)
  const [revoking, setRevoking] = useState(false)
  const [copied, setCopied] = useState(false)
  const revoke = useRevokeShare()
  const address = addressOf(share)
  const copy = async () => {
    setCopied(await copyText(address))
    tell('Link copied.')
    setTimeout(() => setCopied(false), 2_000)
  }
  return (
    <div className="share-link" data-share={share.id}>
      <div className="share-address">
        <TextInput
          readOnly
          value={address}
          aria-label="Link"
          onFocus={(event) => event.currentTarget.select()}
          className="share-url"
        />
        <Button
          size="md"
          variant="light"
          leftSection={<Icon name={copied ? 'check' : 'copy'} />}
          onClick={() => void copy()}
        >
          {copied ? 'Copied' : 'Copy'}
        </Button>
      </div>
      <div className="share-facts">
        <span className="muted small">{describe(share)}</span>
        <Button size="compact-sm" variant="subtle" aria-expanded={changing} onClick={() => setChanging(!changing)}>
          Change
        </Button>
        <Button
          size="compact-sm"
          variant="subtle"
          color="danger"
          aria-expanded={revoking}
          onClick={() => setRevoking(!revoking)}
        >
          Revoke…
        </Button>
      </div>
      {revoking ? (
        <div className="share-form share-revoke">
          <span>It stops working for everyone who has it.</span>
          <Button size="compact-md" variant="default" onClick={() => setRevoking(false)}>
            Keep it
          </Button>
          <Button
            size="compact-md"
            color="danger"
            loading={revoke.isPending}
            onClick={() => revoke.mutate(share.id, { onSuccess: () => tell('The link no longer works.') })}
          >
            Revoke the link
          </Button>
        </div>
      ) : null}
      {revoke.isError ? <Problem title="The link still works." error={revoke.error} /> : null}
      {changing ? <ChangeForm share={share} onClose={() => setChanging(false)} /> : null}
    </div>
  )
}

function ChangeForm({ share, onClose }: { share: LinkShare; onClose: () => void }) {
  const update = useUpdateShare()
  const [choice, setChoice] = useState<LinkChoice>({ password: '', day: dayOf(share.expires) })
  const [without, setWithout] = useState(false)
  return (
    <form
      className="share-form stack"
      onSubmit={(event) => {
        event.preventDefault()
        const password = without ? null : choice.password === '' ? undefined : choice.password
        const day = dayOf(share.expires)
        const expires = choice.day === day ? undefined : choice.day === '' ? null : endOfDay(choice.day)
        update.mutate({ id: share.id, password, expires }, { onSuccess: onClose })
      }}
    >
      <LinkOptions
        choice={choice}
        onChange={setChoice}
        passwordHint={share.to.hasPassword ? 'Leave it empty to keep the one it has.' : undefined}
      />
      {share.to.hasPassword ? (
        <Checkbox
          label="Work without a password"
          checked={without}
          onChange={(event) => setWithout(event.currentTarget.checked)}
        />
      ) : null}
      {update.isError ? <Problem title="The link was not changed." error={update.error} /> : null}
      <div className="row row-end">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" loading={update.isPending}>
          Save
        </Button>
      </div>
    </form>
  )
}

function describe(share: LinkShare): string {
  const password = share.to.hasPassword ? 'With a password' : 'No password'
  if (share.expires === null) return `${password} · works until you revoke it`
  const over = Date.parse(share.expires) < Date.now()
  return `${password} · ${over ? 'expired on' : 'works until'} ${formatDate(share.expires)}`
}
