import type { Stats } from 'node:fs'
import { toMediaType } from './media-type.ts'

/** A file or folder of a tree, as its readers see it: a symbolic link shows what it leads to. */
export interface SpaceEntry {
  name: string
  /** From the tree's root; empty for the root. */
  path: string
  kind: 'file' | 'folder'
  /** Bytes; 0 for a folder. */
  size: number
  modified: Date
  mediaType: string
  /** Strong, in quotes: changes with the content, stays through a rename. A folder's changes when names in it come or go. */
  etag: string
}

/** Undefined for what is neither a file nor a folder. */
export function toEntry(path: string, name: string, stats: Stats): SpaceEntry | undefined {
  const folder = stats.isDirectory()
  if (!folder && !stats.isFile()) return undefined
  return {
    name,
    path,
    kind: folder ? 'folder' : 'file',
    size: folder ? 0 : stats.size,
    modified: stats.mtime,
    mediaType: folder ? 'inode/directory' : toMediaType(name),
    etag: toEtag(stats),
  }
}

/** A symbolic link that leads nowhere, a FIFO and the like, where something must be said of it. */
export function toLinkEntry(path: string, stats: Stats): SpaceEntry {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return { name, path, kind: 'file', size: 0, modified: stats.mtime, mediaType: toMediaType(name), etag: toEtag(stats) }
}

/** A file that is written anew has another inode, one written in place another time or size. */
function toEtag(stats: Stats): string {
  const size = stats.isDirectory() ? 0 : stats.size
  // mtimeMs has a fraction of down to 244 ns; to whole microseconds it is exact and the same from every call.
  return `"${stats.ino.toString(36)}-${Math.round(stats.mtimeMs * 1000).toString(36)}-${size.toString(36)}"`
}
