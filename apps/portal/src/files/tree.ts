import { readArchive, readContent, type Entry } from '@cygnet/contract/v1/files'
import type { ReceivedShare } from '@cygnet/contract/v1/shares'
import { toPath } from '@cygnet/contract/client'
import { toAddress } from '../api/base-path.ts'
import { joinPath } from './path.ts'

/** A tree of files as the pages know it: the caller's home, what someone shared with them, or what a link shows. */
export interface Tree {
  /** As the contract names it. */
  id: string
  place: { kind: 'home' } | { kind: 'share'; share: string } | { kind: 'link'; token: string }
  /** What its root is called. */
  title: string
  /** Where the caller's sessions see its root, below the home; null where they do not. */
  folder: string | null
}

export const homeTree: Tree = { id: 'home', place: { kind: 'home' }, title: 'Files', folder: '' }

export function createShareTree(share: ReceivedShare): Tree {
  return {
    id: `share-${share.id}`,
    place: { kind: 'share', share: share.id },
    title: share.name,
    folder: share.folder,
  }
}

export function createLinkTree(token: string, name: string): Tree {
  return { id: `link-${token}`, place: { kind: 'link', token }, title: name, folder: null }
}

/** The address of a file's bytes; with the etag, so that a changed file is not taken from the browser's cache. */
export function contentUrl(tree: Tree, entry: Pick<Entry, 'path'>, download = false): string {
  const query = { path: entry.path, download: download ? '1' : undefined }
  return toAddress(toPath(readContent, { tree: tree.id }, query))
}

export function downloadUrl(tree: Tree, entry: Pick<Entry, 'path' | 'kind'>): string {
  if (entry.kind === 'file') return contentUrl(tree, entry, true)
  return toAddress(toPath(readArchive, { tree: tree.id }, { path: entry.path }))
}

/** Where the lab of this user opens a file or folder of the tree, or undefined where it cannot. */
export function labUrl(tree: Tree, entry: Pick<Entry, 'path'>, user: string): string | undefined {
  if (tree.folder === null) return undefined
  const path = entry.path === '' ? tree.folder : joinPath(tree.folder, entry.path)
  const encoded = path.split('/').map(encodeURIComponent).join('/')
  return toAddress(`/user/${encodeURIComponent(user)}/lab/tree/${encoded}`)
}
