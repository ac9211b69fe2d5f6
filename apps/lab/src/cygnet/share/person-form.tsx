import type { FormEvent, ReactNode } from 'react'
import { useId, useState } from 'react'
import { AccessSelect } from './access-select.tsx'
import { usePeople } from './use-people.ts'
import type { Access } from './use-shares.ts'

interface PersonFormProps {
  busy: boolean
  onShare: (name: string, access: Access) => Promise<boolean>
}

/** Names a user, with suggestions, and what they may do. */
export function PersonForm({ busy, onShare }: PersonFormProps): ReactNode {
  const id = useId()
  const [name, setName] = useState('')
  const [access, setAccess] = useState<Access>('read')
  const people = usePeople(name)

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (!(await onShare(name.trim(), access))) return
    setName('')
    setAccess('read')
  }

  return (
    <form className="cygnet-Share-line" onSubmit={(event) => void submit(event)}>
      <input
        className="jp-mod-styled cygnet-Share-name"
        aria-label="Name of a user"
        placeholder="Name of a user"
        list={`${id}-people`}
        autoComplete="off"
        spellCheck={false}
        maxLength={300}
        required
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <datalist id={`${id}-people`}>
        {people.map((person) => (
          <option key={person} value={person} />
        ))}
      </datalist>
      <AccessSelect label="What they can do" value={access} disabled={false} onChange={setAccess} />
      <button type="submit" className="jp-mod-styled jp-mod-accept" disabled={busy}>
        Share
      </button>
    </form>
  )
}
