import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { receivedSharesQuery } from '../api/queries.ts'
import { Problem } from '../ui/Problem.tsx'
import { useTitle } from '../ui/use-title.ts'
import { Waiting } from '../ui/Waiting.tsx'
import { withoutSlash } from './FilesPage.tsx'
import { createShareTree } from './tree.ts'
import { TreePage } from './TreePage.tsx'

/** What someone shared with the user. */
export function SharePage() {
  const { share: id, _splat = '' } = useParams({ from: '/signed-in/shared/$share/$' })
  const shares = useQuery(receivedSharesQuery)
  const share = shares.data?.find((received) => received.id === id)
  useTitle(share === undefined ? 'Shared with me' : undefined)
  if (shares.isError) return <Problem error={shares.error} retry={() => void shares.refetch()} />
  if (shares.data === undefined) return <Waiting />
  if (share === undefined || share.kind === 'missing')
    return (
      <div className="card narrow stack">
        <h1 className="title">This is no longer shared with you</h1>
        <p className="muted">Its owner may have ended the share, or moved or deleted what it led to.</p>
        <div>
          <Link className="button" to="/shared">
            See what is shared with you
          </Link>
        </div>
      </div>
    )
  return <TreePage tree={createShareTree(share)} path={withoutSlash(_splat)} owner={share.owner} />
}
