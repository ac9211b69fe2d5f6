import { systemClock } from '@cygnet/core/clock'
import type { Logger } from '@cygnet/core/log'
import { isExpired, type Share } from './share.ts'

const retryMilliseconds = 30_000

/** What lives on shares, such as a download, and ends with them. */
export interface ShareHolds {
  /** Calls back once, when the share has ended or expired, or no longer lets one do what it did. @returns what lets go */
  hold(share: Share, end: () => void): () => void
  /** To be called when a share was changed or ended. */
  review(id: string): void
  close(): void
}

export interface ShareHoldsOptions {
  find: (id: string) => Promise<Share | undefined>
  log: Logger
}

interface Group {
  share: Share
  ends: Set<() => void>
  cancel: () => void
}

export function createShareHolds({ find, log }: ShareHoldsOptions): ShareHolds {
  const groups = new Map<string, Group>()

  return {
    hold(share, end) {
      const group = groups.get(share.id) ?? add(share)
      // Each its own, so that the same callback twice is two.
      const one = (): void => end()
      group.ends.add(one)
      return () => {
        if (group.ends.delete(one) && group.ends.size === 0) remove(group)
      }
    },
    review(id) {
      const group = groups.get(id)
      if (group !== undefined) check(group)
    },
    close() {
      for (const group of groups.values()) remove(group)
    },
  }

  function add(share: Share): Group {
    const group: Group = { share, ends: new Set(), cancel: () => undefined }
    groups.set(share.id, group)
    wait(group, expiryOf(share))
    return group
  }

  function remove(group: Group): void {
    group.cancel()
    if (groups.get(group.share.id) === group) groups.delete(group.share.id)
  }

  function wait(group: Group, time: number): void {
    group.cancel()
    group.cancel = systemClock.at(time, () => check(group))
  }

  function check(group: Group): void {
    find(group.share.id).then(
      (share) => {
        if (group.ends.size === 0) return
        if (share === undefined || !isAsGood(share, group.share)) {
          remove(group)
          for (const end of group.ends) end()
        } else {
          group.share = share
          wait(group, expiryOf(share))
        }
      },
      (error: unknown) => {
        log.error({ err: error, share: group.share.id }, 'Whether a share has ended could not be looked up.')
        if (group.ends.size > 0) wait(group, systemClock.now() + retryMilliseconds)
      },
    )
  }
}

function expiryOf(share: Share): number {
  return share.type === 'link' ? (share.expires?.getTime() ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY
}

/** Whether all that could be done with a share as it was can be done with it as it is now. */
function isAsGood(now: Share, before: Share): boolean {
  if (now.ended !== null) return false
  if (now.type === 'link')
    return (
      !isExpired(now) && before.type === 'link' && (now.passwordHash ?? before.passwordHash) === before.passwordHash
    )
  return before.type === 'user' && (now.access === before.access || now.access === 'write')
}
