import { lookup } from 'mime-types'

/** What the table lacks, or holds as something that Jupyter's clients would not expect. */
const own: Record<string, string> = {
  ipynb: 'application/x-ipynb+json',
  py: 'text/x-python',
  pyi: 'text/x-python',
  r: 'text/x-rsrc',
  jl: 'text/x-julia',
  ts: 'text/x-typescript',
  tsx: 'text/x-typescript',
  cc: 'text/x-c++src',
  cpp: 'text/x-c++src',
  hpp: 'text/x-c++hdr',
  sh: 'text/x-sh',
  parquet: 'application/vnd.apache.parquet',
}

/** The media type that a file's name suggests, without a charset; null where it suggests none. */
export function guessType(name: string): string | null {
  const dot = name.lastIndexOf('.')
  if (dot < 0) return null
  const extension = name.slice(dot + 1).toLowerCase()
  return own[extension] ?? (lookup(extension) || null)
}
