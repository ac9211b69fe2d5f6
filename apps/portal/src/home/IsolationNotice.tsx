import type { IsolationGap } from '@cygnet/contract/v1/machine'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { accountQuery, isolationGapsQuery } from '../api/queries.ts'

const key = 'cygnet.isolation.read'

/** Tells administrators what does not keep servers apart on this machine, until they have read it. */
export function IsolationNotice() {
  const isAdmin = useQuery(accountQuery).data?.admin === true
  const gaps = useQuery({ ...isolationGapsQuery, enabled: isAdmin }).data ?? []
  const [read, setRead] = useState(readDismissed)
  const now = JSON.stringify(gaps.map(({ message }) => message))
  if (gaps.length === 0 || read === now) return null
  const dismiss = (): void => {
    setRead(now)
    writeDismissed(now)
  }
  return (
    <section className="message message-warning isolation" aria-labelledby="isolation">
      <h2 id="isolation">Servers are less apart than they could be</h2>
      <ul>
        {gaps.map((gap) => (
          <Gap key={gap.kind} {...gap} />
        ))}
      </ul>
      <div className="row">
        <button type="button" className="button button-quiet" onClick={dismiss}>
          Do not show this again
        </button>
        <span className="muted small">Only administrators see it.</span>
      </div>
    </section>
  )
}

function Gap({ message, mend }: IsolationGap) {
  return (
    <li>
      {message}
      {mend === undefined ? null : (
        <span className="isolation-mend">
          <strong>To mend it:</strong> {mend}
        </span>
      )}
    </li>
  )
}

/** What was read is kept in the browser: something else that is found is shown again. */
function readDismissed(): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

function writeDismissed(value: string): void {
  try {
    localStorage.setItem(key, value)
  } catch {
    // A browser that keeps nothing shows it again.
  }
}
