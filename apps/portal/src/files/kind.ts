import type { Entry } from '@cygnet/contract/v1/files'
import { splitName } from './path.ts'

/** How a file is shown. `unknown` is looked into before it is called binary. */
export type Kind =
  | 'folder'
  | 'notebook'
  | 'image'
  | 'markdown'
  | 'table'
  | 'json'
  | 'pdf'
  | 'audio'
  | 'video'
  | 'text'
  | 'archive'
  | 'unknown'

const extensions: Partial<Record<Kind, string>> = {
  notebook: 'ipynb',
  image: 'png jpg jpeg gif webp avif bmp ico svg',
  markdown: 'md markdown mdown mkd',
  table: 'csv tsv tab',
  json: 'json geojson jsonld webmanifest',
  pdf: 'pdf',
  audio: 'mp3 wav ogg oga flac m4a aac opus',
  video: 'mp4 webm ogv mov m4v',
  archive: 'zip gz tgz bz2 xz zst tar 7z rar br whl jar',
  text:
    'txt log py pyi r rmd jl sh bash zsh fish js mjs cjs ts tsx jsx c h cc cpp cxx hpp hh java kt scala go rs rb pl php ' +
    'sql yaml yml toml ini cfg conf env xml html htm css scss less tex bib rst f f77 f90 f95 m lua swift vue ' +
    'tf diff patch cmake mk dockerfile gitignore jsonl ndjson srt vtt ipy cff properties lock out err',
}

const byExtension = new Map(
  Object.entries(extensions).flatMap(([kind, list]) =>
    list.split(' ').map((extension) => [extension, kind as Kind] as const),
  ),
)

const textNames = new Set(['makefile', 'dockerfile', 'license', 'readme', 'changelog', 'authors', 'notice', 'procfile'])

/** The kind of a file by its name, else by its media type. */
export function kindOf(entry: Pick<Entry, 'kind' | 'name' | 'mediaType'>): Kind {
  if (entry.kind === 'folder') return 'folder'
  const known = byExtension.get(splitName(entry.name).extension.slice(1).toLowerCase())
  if (known !== undefined) return known
  if (textNames.has(entry.name.toLowerCase())) return 'text'
  const [type = ''] = entry.mediaType.split(';')
  if (type === 'application/pdf') return 'pdf'
  if (type === 'application/json') return 'json'
  if (/^image\/(?:png|jpeg|gif|webp|avif|bmp|svg\+xml)$/.test(type)) return 'image'
  if (type.startsWith('audio/')) return 'audio'
  if (type.startsWith('video/')) return 'video'
  if (type.startsWith('text/')) return 'text'
  return 'unknown'
}
