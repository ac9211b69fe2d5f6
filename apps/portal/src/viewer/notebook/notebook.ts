/** A notebook as it is shown, of whichever version its file is. */
export interface Notebook {
  /** For colouring the code. */
  language: string
  cells: Cell[]
}

export type Cell = MarkdownCell | RawCell | CodeCell

export interface MarkdownCell {
  kind: 'markdown'
  source: string
  /** Images that are kept in the cell, by name: data URIs' parts by media type. */
  attachments: Record<string, MimeBundle>
}

export interface RawCell {
  kind: 'raw'
  source: string
}

export interface CodeCell {
  kind: 'code'
  source: string
  /** The number in the brackets; null where it was not run. */
  count: number | null
  outputs: Output[]
  sourceHidden: boolean
  outputsHidden: boolean
}

export type Output =
  | { kind: 'stream'; name: string; text: string }
  | { kind: 'error'; name: string; value: string; traceback: string }
  | { kind: 'data'; data: MimeBundle; sizes: Record<string, { width?: number; height?: number }>; count: number | null }

/** Text by media type, its lines joined; JSON types as they are. */
export type MimeBundle = Record<string, unknown>
