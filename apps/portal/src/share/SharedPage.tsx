import { useQuery } from '@tanstack/react-query'
import { receivedSharesQuery, sharesQuery } from '../api/queries.ts'
import { EmptyState } from '../ui/EmptyState.tsx'
import { Problem } from '../ui/Problem.tsx'
import { useTitle } from '../ui/use-title.ts'
import { Waiting } from '../ui/Waiting.tsx'
import { GivenShares } from './GivenShares.tsx'
import { ReceivedShares } from './ReceivedShares.tsx'
import './share.css'

/** What others share with the user, and what the user shares. */
export function SharedPage() {
  useTitle('Shared')
  const received = useQuery(receivedSharesQuery)
  const given = useQuery(sharesQuery())
  return (
    <>
      <h1 className="title">Shared</h1>
      <p className="lead">What colleagues share with you, and what you share with others.</p>
      <div className="shared-sections">
        <section className="card" aria-labelledby="received">
          <h2 id="received">Shared with me</h2>
          {received.isError ? (
            <Problem error={received.error} retry={() => void received.refetch()} />
          ) : received.data === undefined ? (
            <Waiting />
          ) : received.data.length === 0 ? (
            <EmptyState icon="people" title="Nothing shared with you yet">
              When a colleague shares a file or folder with you, it appears here and in your lab.
            </EmptyState>
          ) : (
            <ReceivedShares shares={received.data} />
          )}
        </section>
        <section className="card" aria-labelledby="given">
          <h2 id="given">Shared by me</h2>
          {given.isError ? (
            <Problem error={given.error} retry={() => void given.refetch()} />
          ) : given.data === undefined ? (
            <Waiting />
          ) : given.data.length === 0 ? (
            <EmptyState icon="share" title="You share nothing yet">
              Choose “Share…” beside any of your files to give a link to anyone, or access to a colleague.
            </EmptyState>
          ) : (
            <GivenShares shares={given.data} />
          )}
        </section>
      </div>
    </>
  )
}
