import type { Share } from '@cygnet/contract/v1/shares'
import { Button } from '@mantine/core'
import { Icon } from '../ui/Icon.tsx'
import { tellProblem } from '../ui/toasts.ts'
import { When } from '../ui/When.tsx'
import { describeTo } from './share-kinds.ts'
import { useRevokeShare } from './use-shares.ts'

const reasons: Record<NonNullable<Share['ended']>['why'], string> = {
  deleted: 'it is gone from your files, or was replaced by something else',
  'moved-away': 'it was moved out of your files',
  'not-found': 'it could not be found any more',
}

/** What ended by itself, and why. Nothing that has the same name now is shared by it. */
export function EndedShares({ shares }: { shares: Share[] }) {
  const forget = useRevokeShare()
  const byThing = Map.groupBy(shares, ({ path, ended }) => `${ended?.why ?? ''} ${path}`)
  return (
    <section aria-labelledby="ended" className="shared-ended">
      <h3 id="ended">Ended</h3>
      <p className="muted small">
        A share ends with what was shared. To share what has the same name now, share it again.
      </p>
      <ul className="shared-list">
        {[...byThing.entries()].map(([key, same]) => {
          const [share] = same
          if (share === undefined || share.ended === null) return null
          return (
            <li key={key}>
              <Icon name="file" size={20} className="file-icon" />
              <div className="shared-what">
                <span className="muted" title={share.path}>
                  {share.name}
                </span>
                <p className="muted small">{describeTo(same)}</p>
                <p className="muted small">
                  <When iso={share.ended.at} />: {reasons[share.ended.why]}
                </p>
              </div>
              <Button
                size="compact-sm"
                variant="subtle"
                aria-label={`Remove ${share.name} from the list`}
                loading={forget.isPending && same.some(({ id }) => id === forget.variables)}
                onClick={() => {
                  for (const { id } of same)
                    forget.mutate(id, { onError: (error) => tellProblem('It is still in the list.', error) })
                }}
              >
                Remove
              </Button>
            </li>
          )
        })}
      </ul>
    </section>
  )
}
