import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { receivedSharesQuery } from '../api/queries.ts'
import { EmptyState } from '../ui/EmptyState.tsx'
import { Icon } from '../ui/Icon.tsx'
import { Problem } from '../ui/Problem.tsx'
import { Waiting } from '../ui/Waiting.tsx'

/** What others share with the user, the newest first. */
export function HomeShared() {
  const shares = useQuery(receivedSharesQuery)
  const newest = (shares.data ?? [])
    .filter(({ kind }) => kind !== 'missing')
    .toSorted((a, b) => Date.parse(b.created) - Date.parse(a.created))
    .slice(0, 6)
  return (
    <section className="card" aria-labelledby="shared-title">
      <div className="home-head">
        <h2 id="shared-title">Shared with me</h2>
        <Link to="/shared" className="home-all">
          All shares
        </Link>
      </div>
      {shares.isError ? (
        <Problem error={shares.error} retry={() => void shares.refetch()} />
      ) : shares.data === undefined ? (
        <Waiting />
      ) : newest.length === 0 ? (
        <EmptyState icon="people" title="Nothing shared with you yet">
          When a colleague shares a file or folder with you, it appears here and in your lab.
        </EmptyState>
      ) : (
        <ul className="home-list">
          {newest.map((share) => (
            <li key={share.id}>
              <Icon
                name={share.kind === 'folder' ? 'folder' : 'file'}
                className={share.kind === 'folder' ? 'file-icon file-icon-folder' : 'file-icon'}
              />
              <Link
                to="/shared/$share/$"
                params={{ share: share.id, _splat: '' }}
                className="home-name"
                title={share.name}
              >
                {share.name}
              </Link>
              <span className="muted small">{share.owner}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
