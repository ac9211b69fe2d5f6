import type { Clock } from '@cygnet/core/clock'
import type { Identity } from './identities.ts'

const retryAfter = 30_000

/** Something that lives on a session or a token, such as a connection. */
export interface Held {
  /** Called once, when the session or token has ended: signed out, revoked, expired. */
  end(): void
  /** Asked when what the user may do has changed; false ends it too. */
  isAllowed?(identity: Identity): boolean
}

/** Takes note of something that lives on an identity. @returns what lets it go */
export type Hold = (identity: Identity, held: Held) => () => void

export interface Holds {
  hold: Hold
  /** Ends all that lives on these. */
  end(isEnded: (identity: Identity) => boolean): void
  /** Asks all that lives on these whether it may go on. */
  review(isChanged: (identity: Identity) => boolean): void
  close(): void
}

export interface HoldsOptions {
  clock: Clock
  /** What an identity is now; null where it ended. */
  renew: (identity: Identity) => Promise<Identity | null>
  onError: (error: unknown) => void
}

interface Group {
  identity: Identity
  all: Set<Held>
  cancel: () => void
}

/** Ends what lives on sessions and tokens together with them. A session that was used in the meantime goes on. */
export function createHolds({ clock, renew, onError }: HoldsOptions): Holds {
  const groups = new Map<string, Group>()

  return {
    hold(identity, held) {
      const group = groups.get(identity.credential) ?? add(identity)
      group.all.add(held)
      return () => {
        if (group.all.delete(held) && group.all.size === 0) remove(group)
      }
    },
    end(isEnded) {
      for (const group of groups.values()) if (isEnded(group.identity)) endGroup(group)
    },
    review(isChanged) {
      for (const group of groups.values()) if (isChanged(group.identity)) check(group)
    },
    close() {
      for (const group of groups.values()) remove(group)
    },
  }

  function add(identity: Identity): Group {
    const group: Group = { identity, all: new Set(), cancel: () => undefined }
    groups.set(identity.credential, group)
    wait(group, identity.expires)
    return group
  }

  function remove(group: Group): void {
    group.cancel()
    if (groups.get(group.identity.credential) === group) groups.delete(group.identity.credential)
  }

  function wait(group: Group, time: number): void {
    group.cancel()
    group.cancel = clock.at(time, () => check(group))
  }

  function check(group: Group): void {
    renew(group.identity).then(
      (identity) => {
        if (group.all.size === 0) return
        if (identity === null) return endGroup(group)
        group.identity = identity
        wait(group, identity.expires)
        for (const held of group.all) if (held.isAllowed?.(identity) === false) endOne(group, held)
      },
      (error: unknown) => {
        onError(error)
        if (group.all.size > 0) wait(group, clock.now() + retryAfter)
      },
    )
  }

  function endGroup(group: Group): void {
    remove(group)
    for (const held of group.all) endOne(group, held)
  }

  function endOne(group: Group, held: Held): void {
    group.all.delete(held)
    if (group.all.size === 0) remove(group)
    held.end()
  }
}
