import type { SharesTable } from './share-tables.ts'

export type Access = 'read' | 'write'

/** What a share leads to now; missing where it was deleted, or renamed behind the service's back. */
export type SharedKind = 'file' | 'folder' | 'missing'

interface Common {
  id: string
  owner: string
  /** In the owner's home, without symbolic links. */
  path: string
  created: Date
}

/** A share with a named user. */
export interface UserShare extends Common {
  type: 'user'
  recipient: string
  access: Access
  /** The recipient's name for it. */
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
  const common = { id: row.id, owner: row.owner, path: row.path, created: new Date(row.created) }
  if (row.token !== null) {
    const expires = row.expires === null ? null : new Date(row.expires)
    return { ...common, type: 'link', token: row.token, passwordHash: row.password_hash, expires }
  }
  if (row.recipient === null || row.folder === null)
    throw new Error(`Share ${row.id} is neither a link's nor a user's.`)
  return { ...common, type: 'user', recipient: row.recipient, access: row.access ?? 'read', folder: row.folder }
}

/** The last component of its path. */
export function nameOf(share: Share): string {
  return share.path.slice(share.path.lastIndexOf('/') + 1)
}

export function isExpired(share: Share, now = new Date()): boolean {
  return share.type === 'link' && share.expires !== null && share.expires <= now
}
