import { findPeople } from '@cygnet/contract/v1/account'
import type { Entry } from '@cygnet/contract/v1/files'
import { Autocomplete, Button, NativeSelect } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { call } from '../api/client.ts'
import { Icon } from '../ui/Icon.tsx'
import { Problem } from '../ui/Problem.tsx'
import { tell } from '../ui/toasts.ts'
import type { PersonShare } from './share-kinds.ts'
import { useCreateShare, useRevokeShare, useUpdateShare } from './use-shares.ts'

type Access = 'read' | 'write'

const accessNames = [
  { value: 'read', label: 'can read' },
  { value: 'write', label: 'can change' },
]

/** The people who have a file or folder, and one more. */
export function PeopleShares({ entry, shares }: { entry: Pick<Entry, 'path'>; shares: PersonShare[] }) {
  const title = useId()
  const create = useCreateShare()
  const [name, setName] = useState('')
  const [access, setAccess] = useState<Access>('read')
  const [query] = useDebouncedValue(name.trim(), 150)
  const people = useQuery({
    queryKey: ['people', query],
    queryFn: ({ signal }) => call(findPeople, { query: { query }, signal }),
    enabled: query !== '' && query.length <= 64,
    placeholderData: keepPreviousData,
  })
  const has = new Set(shares.map(({ to }) => to.name))
  const found = (query === '' ? [] : (people.data ?? [])).map((person) => person.name).filter((each) => !has.has(each))
  return (
    <section aria-labelledby={title} className="stack">
      <div>
        <h3 id={title}>With people here</h3>
        <p className="muted small share-hint">They find it under “Shared with me” and as a folder in their lab.</p>
      </div>
      <form
        className="share-person"
        onSubmit={(event) => {
          event.preventDefault()
          const person = name.trim()
          if (person === '') return
          create.mutate(
            { path: entry.path, to: { type: 'user', name: person, access } },
            {
              onSuccess: () => {
                setName('')
                tell(`Shared with ${person}.`)
              },
            },
          )
        }}
      >
        <Autocomplete
          label="Name"
          placeholder="Begin to type a name"
          value={name}
          onChange={setName}
          data={found}
          // The service has chosen already.
          filter={({ options }) => options}
          // What lies outside of a dialog is hidden from screen readers.
          comboboxProps={{ withinPortal: false }}
          autoComplete="off"
          spellCheck={false}
          maxLength={64}
        />
        <NativeSelect
          label="Access"
          value={access}
          data={accessNames}
          onChange={(event) => setAccess(event.currentTarget.value === 'write' ? 'write' : 'read')}
        />
        <Button type="submit" size="md" variant="default" loading={create.isPending} disabled={name.trim() === ''}>
          Share
        </Button>
      </form>
      {create.isError ? <Problem title="It was not shared." error={create.error} /> : null}
      {shares.length === 0 ? null : (
        <ul className="share-people">
          {shares.map((share) => (
            <Person key={share.id} share={share} />
          ))}
        </ul>
      )}
    </section>
  )
}

function Person({ share }: { share: PersonShare }) {
  const update = useUpdateShare()
  const revoke = useRevokeShare()
  const error = update.error ?? revoke.error
  return (
    <li>
      <div className="share-row">
        <Icon name="user" />
        <span className="share-name">{share.to.name}</span>
        <NativeSelect
          size="xs"
          aria-label={`Access of ${share.to.name}`}
          value={share.to.access}
          data={accessNames}
          disabled={update.isPending}
          onChange={(event) =>
            update.mutate({ id: share.id, access: event.currentTarget.value === 'write' ? 'write' : 'read' })
          }
        />
        <Button
          size="compact-sm"
          variant="subtle"
          color="danger"
          loading={revoke.isPending}
          aria-label={`Remove ${share.to.name}`}
          onClick={() => revoke.mutate(share.id, { onSuccess: () => tell(`No longer shared with ${share.to.name}.`) })}
        >
          Remove
        </Button>
      </div>
      {error === null ? null : <Problem title="It was not changed." error={error} />}
    </li>
  )
}
