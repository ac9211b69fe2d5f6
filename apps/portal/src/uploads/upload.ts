/** One file on its way. `name` may differ from the file's own where both are kept. */
export interface Upload {
  id: number
  /** The tree and the folder in it. */
  tree: string
  folder: string
  name: string
  file: File
  /** `new` asks where the name is taken, `reserved` has a name found to be free, `overwrite` replaces. */
  mode: 'new' | 'reserved' | 'overwrite'
  state: UploadState
}

export type UploadState =
  | { at: 'waiting' }
  | { at: 'sending'; sent: number }
  | { at: 'conflict' }
  | { at: 'done' }
  | { at: 'skipped' }
  | { at: 'cancelled' }
  | { at: 'failed'; message: string; mend: string | undefined }

/** What to do where there is a file of that name already. */
export type Resolution = 'overwrite' | 'keep' | 'skip'

/** Files as they were chosen or dropped: each with its path below the target folder. */
export interface Selected {
  files: Array<{ path: string; file: File }>
  /** Folders that have no file in them. */
  emptyFolders: string[]
}

export interface Totals {
  files: number
  finished: number
  failed: number
  bytes: number
  sent: number
  /** Whether anything is still to be sent. */
  busy: boolean
}

export function totalsOf(uploads: readonly Upload[]): Totals {
  const totals: Totals = { files: 0, finished: 0, failed: 0, bytes: 0, sent: 0, busy: false }
  for (const { state, file } of uploads) {
    if (state.at === 'cancelled' || state.at === 'skipped') continue
    totals.files++
    totals.bytes += file.size
    if (state.at === 'done') {
      totals.finished++
      totals.sent += file.size
    } else if (state.at === 'failed') totals.failed++
    else {
      totals.busy = true
      if (state.at === 'sending') totals.sent += state.sent
    }
  }
  return totals
}
