import { toIndentedJson } from '../indent-json.ts'
import type { MimeBundle } from './notebook.ts'

/** How an output is shown: its media type and content, the richest first that can be shown without running anything. */
export interface Choice {
  type: string
  content: string
}

const preferred = [
  'text/html',
  'text/markdown',
  'text/latex',
  'image/svg+xml',
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'image/avif',
  'image/bmp',
  'application/json',
  'text/plain',
]

/** The ways to show an output, the best first: the next is for where the one before turns out to show nothing. */
export function chooseOutputs(data: MimeBundle): Choice[] {
  const found: Choice[] = []
  for (const type of preferred) {
    const content = data[type]
    if (content === undefined || content === null) continue
    const text =
      typeof content === 'string' ? content : (toIndentedJson(content) ?? 'A value that is too deep to be shown.')
    if (text !== '') found.push({ type, content: text })
  }
  // A widget's HTML is a place for its script; its text says what it is.
  return isWidget(data) ? found.filter(({ type }) => type !== 'text/html') : found
}

/** Interactive things live only while a kernel runs. */
export function isWidget(data: MimeBundle): boolean {
  return 'application/vnd.jupyter.widget-view+json' in data
}

/** What is in the output that cannot be shown here, in words; undefined where nothing is missing. */
export function describeMissing(data: MimeBundle): string | undefined {
  if (isWidget(data)) return 'An interactive widget'
  const types = Object.keys(data).join(' ')
  if (/plotly|vega|bokeh|holoviews|echarts|jsroot/i.test(types)) return 'An interactive plot'
  if (types.includes('javascript')) return 'A script'
  if (types.includes('text/html')) return 'An interactive output'
  return types === '' ? undefined : 'An output of a kind that is not shown here'
}
