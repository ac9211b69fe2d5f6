import { isObject, type Cell, type JsonObject } from './notebook.ts'

/** A cell with its texts joined that files hold as lists of lines. */
export function withJoinedLines(cell: Cell): Cell {
  return mapTexts(cell, joined, joinBundle, (output) => ({ ...output, text: joined(output['text']) }))
}

/** A cell with its texts split into lists of lines, as in a file: the reverse of {@link withJoinedLines}. */
export function withSplitLines(cell: Cell): Cell {
  return mapTexts(cell, split, splitBundle, (output) =>
    output['output_type'] === 'stream' ? { ...output, text: split(output['text']) } : output,
  )
}

/** As Python's `str.splitlines(keepends=True)`: more characters end a line there than a newline. */
export function splitLines(text: string): string[] {
  return text.match(anyLine) ?? []
}

const ends = String.raw`\n\r\v\f\x1c-\x1e\x85\u2028\u2029`
const anyLine = new RegExp(`[^${ends}]*(?:\\r\\n|[${ends}])|[^${ends}]+$`, 'g')

function mapTexts(
  cell: Cell,
  mapSource: (source: unknown) => unknown,
  mapBundle: (bundle: JsonObject) => JsonObject,
  mapText: (output: JsonObject) => JsonObject,
): Cell {
  const changed: Cell = { ...cell }
  if ('source' in cell) changed.source = mapSource(cell.source)
  if (isObject(cell['attachments'])) {
    const attachments = Object.entries(cell['attachments'])
    changed['attachments'] = Object.fromEntries(
      attachments.map(([name, bundle]) => [name, isObject(bundle) ? mapBundle(bundle) : bundle]),
    )
  }
  if (cell.cell_type === 'code' && Array.isArray(cell['outputs'])) {
    changed['outputs'] = cell['outputs'].map((output: unknown) => {
      if (!isObject(output)) return output
      if (isBundleOutput(output))
        return isObject(output['data']) ? { ...output, data: mapBundle(output['data']) } : output
      return 'text' in output ? mapText(output) : output
    })
  }
  return changed
}

function isBundleOutput(output: JsonObject): boolean {
  return output['output_type'] === 'execute_result' || output['output_type'] === 'display_data'
}

function joinBundle(bundle: JsonObject): JsonObject {
  const entries = Object.entries(bundle)
  return Object.fromEntries(entries.map(([type, value]) => [type, isJsonType(type) ? value : joined(value)]))
}

function splitBundle(bundle: JsonObject): JsonObject {
  const entries = Object.entries(bundle)
  return Object.fromEntries(entries.map(([type, value]) => [type, isSplit(type) ? split(value) : value]))
}

function isSplit(type: string): boolean {
  return type.startsWith('text/') || type === 'application/javascript' || type === 'image/svg+xml'
}

function isJsonType(type: string): boolean {
  return type === 'application/json' || (type.startsWith('application/') && type.endsWith('+json'))
}

function joined(value: unknown): unknown {
  return Array.isArray(value) && value.every((line) => typeof line === 'string') ? value.join('') : value
}

function split(value: unknown): unknown {
  return typeof value === 'string' ? splitLines(value) : value
}
