import type { Entry } from '@cygnet/contract/v1/files'
import { Icon, type IconName } from '../ui/Icon.tsx'
import { kindOf, type Kind } from './kind.ts'

const icons: Record<Kind, IconName> = {
  folder: 'folder',
  notebook: 'notebook',
  image: 'image',
  markdown: 'text',
  table: 'table',
  json: 'code',
  pdf: 'pdf',
  audio: 'media',
  video: 'media',
  text: 'text',
  archive: 'archive',
  unknown: 'file',
}

const codeName =
  /\.(?:py|r|jl|sh|js|mjs|ts|tsx|jsx|c|h|cc|cpp|hpp|java|go|rs|rb|pl|php|sql|f90|html|css|xml|ya?ml|toml)$/i

export function FileIcon({ entry, size = 20 }: { entry: Pick<Entry, 'kind' | 'name' | 'mediaType'>; size?: number }) {
  const kind = kindOf(entry)
  const icon = kind === 'text' && codeName.test(entry.name) ? 'code' : icons[kind]
  return <Icon name={icon} size={size} className={`file-icon file-icon-${kind}`} />
}
