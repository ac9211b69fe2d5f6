import type { SharesTable } from './share-tables.ts'

export type Access = 'read' | 'write'

/** What a share leads to now; missing where it has ended, or cannot be reached now. */
export type SharedKind = 'file' | 'folder' | 'missing'

/** Why a share ended by itself: what it was of was deleted, moved out of its owner's home, or could not be found again. */
export type EndReason = 'deleted' | 'moved-away' | 'not-found'

/** What a share is of. */
export interface SharedThing {
  /** See identity.ts. */
  identity: string
  /** The kernel's own name of it, by which it is found at once under any path. */
  handle: string | null
  /** What its extended attribute `user.cygnet.id` holds: it lives through what gives a file another inode. */
  mark: string | null
  /** The identity of the owner's home. */
  home: string | null
}

interface Common {
  id: string
  owner: string
  /** In the owner's home, without symbolic links. Where the thing was when somebody looked last. */
  path: string
  created: Date
  /** Null in shares of before, until somebody looks at them. */
  thing: SharedThing | null
  ended: { at: Date; why: EndReason } | null
}

/** A share with a named user. */
export interface UserShare extends Common {
  type: 'user'
  recipient: string
  access: Access
  /** The recipient's name for it; empty once it has ended. */
  folder: string
}

/** A share by link. */
export interface LinkShare extends Common {
  type: 'link'
  token: string
  passwordHash: string | null
  expires: Date | null
}

export type Share = UserShare | LinkShare

export function toShare(row: SharesTable): Share {
  const { identity, handle, mark, home } = row
  const common = {
    id: row.id,
    owner: row.owner,
    path: row.path,
    created: new Date(row.created),
    thing: identity === null ? null : { identity, handle, mark, home },
    ended: row.ended === null ? null : { at: new Date(row.ended), why: row.ended_why ?? 'not-found' },
  }
  if (row.token !== null) {
    const expires = row.expires === null ? null : new Date(row.expires)
    return { ...common, type: 'link', token: row.token, passwordHash: row.password_hash, expires }
  }
  if (row.recipient === null) throw new Error(`Share ${row.id} is neither a link's nor a user's.`)
  return { ...common, type: 'user', recipient: row.recipient, access: row.access ?? 'read', folder: row.folder ?? '' }
}

/** The last component of its path. */
export function nameOf(share: Share): string {
  return share.path.slice(share.path.lastIndexOf('/') + 1)
}

export function isExpired(share: Share, now = new Date()): boolean {
  return share.type === 'link' && share.expires !== null && share.expires <= now
}
