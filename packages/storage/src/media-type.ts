import { lookup } from 'mime-types'

const unknown = 'application/octet-stream'

/** What the registry of media types lacks or what science means by another name. */
const ours: Record<string, string> = {
  ipynb: 'application/x-ipynb+json',
  parquet: 'application/vnd.apache.parquet',
  root: 'application/x-root',
  py: 'text/x-python',
  r: 'text/x-r',
  jl: 'text/x-julia',
  ts: 'text/x-typescript',
  tsx: 'text/x-typescript',
  mts: 'text/x-typescript',
  rs: 'text/x-rust',
  go: 'text/x-go',
  toml: 'text/x-toml',
  lock: 'text/plain',
  rst: 'text/x-rst',
  cfg: 'text/plain',
  dat: unknown,
}

const textNames = new Set(['makefile', 'dockerfile', 'readme', 'license', 'licence', 'authors', 'changelog', 'notice'])

/** A file's media type by its name, without parameters; bytes of no known kind for anything else. */
export function toMediaType(name: string): string {
  const lower = name.toLowerCase()
  if (textNames.has(lower)) return 'text/plain'
  const dot = lower.lastIndexOf('.')
  if (dot < 1) return unknown
  const extension = lower.slice(dot + 1)
  return ours[extension] ?? (lookup(extension) || unknown)
}
