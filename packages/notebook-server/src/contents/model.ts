import { access, constants } from 'node:fs/promises'
import type { Stats } from 'node:fs'
import { toFilePath } from '@cygnet/core/file-name'
import { guessType } from '../http/mime-type.ts'

export type ContentType = 'file' | 'notebook' | 'directory'
export type ContentFormat = 'text' | 'base64' | 'json'

/**
 * What Jupyter Server's contents API says of a file or folder.
 * Source: https://jupyter-server.readthedocs.io/en/latest/developers/contents.html#data-model
 */
export interface ContentsModel {
  name: string
  /** Relative to the served folder, `/` between components, none at the ends. */
  path: string
  type: ContentType
  writable: boolean
  /** ISO 8601 in UTC with microseconds. */
  created: string
  last_modified: string
  /** Bytes; null for a folder. */
  size: number | null
  mimetype: string | null
  format: ContentFormat | null
  content: unknown
  hash: string | null
  hash_algorithm: string | null
  /** Why a notebook is not valid, where it is not. */
  message?: string
}

/** The model without content. `real` is where `path` ends when its links are followed. */
export async function toModel(path: string, real: string, status: Stats): Promise<ContentsModel> {
  return toModelWith(path, status, await isWritable(real))
}

export function toModelWith(path: string, status: Stats, writable: boolean): ContentsModel {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const type = status.isDirectory() ? 'directory' : name.endsWith('.ipynb') ? 'notebook' : 'file'
  return {
    name,
    path,
    type,
    writable,
    created: toTime(status.birthtimeMs > 0 ? status.birthtimeMs : status.ctimeMs),
    last_modified: toTime(status.mtimeMs),
    size: type === 'directory' ? null : status.size,
    mimetype: type === 'file' ? guessType(name) : null,
    format: null,
    content: null,
    hash: null,
    hash_algorithm: null,
  }
}

export async function isWritable(path: string): Promise<boolean> {
  try {
    await access(toFilePath(path), constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** As Python's `isoformat`: microseconds, left out where they are zero. A time that no calendar holds becomes 1970. */
export function toTime(milliseconds: number): string {
  if (!Number.isFinite(milliseconds) || Math.abs(milliseconds) > 8.64e15) return '1970-01-01T00:00:00Z'
  const micros = Math.round(milliseconds * 1000)
  const rest = ((micros % 1_000_000) + 1_000_000) % 1_000_000
  const seconds = new Date((micros - rest) / 1000).toISOString().slice(0, -5)
  return rest === 0 ? `${seconds}Z` : `${seconds}.${String(rest).padStart(6, '0')}Z`
}
