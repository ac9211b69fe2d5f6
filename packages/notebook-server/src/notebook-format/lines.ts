import { isObject, outputsOf, type Cell, type JsonObject } from './notebook.ts'

/** Joins what files hold as lists of lines, in place. */
export function joinCellLines(cell: Cell): void {
  cell.source = joined(cell.source)
  eachBundle(cell, joinBundle)
  for (const output of outputsOf(cell)) {
    if (!isBundleOutput(output) && 'text' in output) output['text'] = joined(output['text'])
  }
}

/** Splits into lists of lines for a file, in place: the reverse of {@link joinCellLines}. */
export function splitCellLines(cell: Cell): void {
  if (typeof cell.source === 'string') cell.source = splitLines(cell.source)
  eachBundle(cell, splitBundle)
  for (const output of outputsOf(cell)) {
    if (output['output_type'] === 'stream' && typeof output['text'] === 'string') {
      output['text'] = splitLines(output['text'])
    }
  }
}

/** As Python's `str.splitlines(keepends=True)`: more characters end a line there than a newline. */
export function splitLines(text: string): string[] {
  return text.match(anyLine) ?? []
}

const ends = String.raw`\n\r\v\f\x1c-\x1e\x85\u2028\u2029`
const anyLine = new RegExp(`[^${ends}]*(?:\\r\\n|[${ends}])|[^${ends}]+$`, 'g')

function eachBundle(cell: Cell, change: (bundle: JsonObject) => void): void {
  if (isObject(cell['attachments'])) Object.values(cell['attachments']).filter(isObject).forEach(change)
  for (const output of outputsOf(cell)) {
    if (isBundleOutput(output) && isObject(output['data'])) change(output['data'])
  }
}

function isBundleOutput(output: JsonObject): boolean {
  return output['output_type'] === 'execute_result' || output['output_type'] === 'display_data'
}

function joinBundle(bundle: JsonObject): void {
  for (const [type, value] of Object.entries(bundle)) {
    if (!isJsonType(type)) bundle[type] = joined(value)
  }
}

function splitBundle(bundle: JsonObject): void {
  for (const [type, value] of Object.entries(bundle)) {
    const splits = type.startsWith('text/') || type === 'application/javascript' || type === 'image/svg+xml'
    if (splits && typeof value === 'string') bundle[type] = splitLines(value)
  }
}

function isJsonType(type: string): boolean {
  return type === 'application/json' || (type.startsWith('application/') && type.endsWith('+json'))
}

function joined(value: unknown): unknown {
  return Array.isArray(value) && value.every((line) => typeof line === 'string') ? value.join('') : value
}
