import { toImageUri, toSvgUri } from '../data-uri.ts'
import type { References } from '../sanitise.ts'
import type { MimeBundle } from './notebook.ts'

/** Adds the images that a Markdown cell carries itself, as `attachment:name`. */
export function withAttachments(references: References, attachments: Record<string, MimeBundle>): References {
  if (Object.keys(attachments).length === 0) return references
  return {
    link: references.link,
    image: (reference) => {
      if (!reference.startsWith('attachment:')) return references.image(reference)
      const name = reference.slice('attachment:'.length)
      return toUri(attachments[decodeName(name)] ?? attachments[name])
    },
  }
}

function toUri(bundle: MimeBundle | undefined): string | undefined {
  for (const [type, data] of Object.entries(bundle ?? {})) {
    if (typeof data !== 'string') continue
    const uri = type === 'image/svg+xml' ? toSvgUri(decodeSvg(data)) : toImageUri(type, data)
    if (uri !== undefined) return uri
  }
  return undefined
}

/** Attachments are base64, drawings too. */
function decodeSvg(data: string): string {
  try {
    return data.trimStart().startsWith('<') ? data : atob(data)
  } catch {
    return data
  }
}

function decodeName(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
