import type { Entry } from '@cygnet/contract/v1/files'
import { useQuery } from '@tanstack/react-query'
import { sharesQuery } from '../api/queries.ts'
import { Dialog } from '../ui/Dialog.tsx'
import { Problem } from '../ui/Problem.tsx'
import { Waiting } from '../ui/Waiting.tsx'
import { LinkShares } from './LinkShares.tsx'
import { PeopleShares } from './PeopleShares.tsx'
import { isLink, isPerson } from './share-kinds.ts'
import './share.css'

/** Everything about the sharing of one file or folder: its links and the people who have it. */
export function ShareDialog({ entry, onClose }: { entry: Pick<Entry, 'path' | 'name' | 'kind'>; onClose: () => void }) {
  const shares = useQuery(sharesQuery(entry.path))
  return (
    <Dialog title={<span className="share-title">Share “{entry.name}”</span>} onClose={onClose} size="lg">
      {shares.isError ? (
        <Problem error={shares.error} retry={() => void shares.refetch()} />
      ) : shares.data === undefined ? (
        <Waiting />
      ) : (
        <div className="share-sections">
          <LinkShares entry={entry} shares={shares.data.filter(isLink)} />
          <PeopleShares entry={entry} shares={shares.data.filter(isPerson)} />
        </div>
      )}
    </Dialog>
  )
}
