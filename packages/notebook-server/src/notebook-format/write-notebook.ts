import { ExactNumber, toPythonNumber } from '@cygnet/core/python-json'
import { withSplitLines } from './lines.ts'
import { isObject, type Cell, type Notebook } from './notebook.ts'

/**
 * The text of a notebook file, byte for byte as Python's nbformat writes it: lists of lines, indent of one, keys sorted by
 * code point, a newline at the end. So a notebook that passes through both shows no difference in version control.
 * What is never stored (marks of trust, the format it was converted from) is left out.
 */
export function writeNotebook(notebook: Notebook): string {
  const { orig_nbformat: _major, orig_nbformat_minor: _minor, signature: _signature, ...metadata } = notebook.metadata
  const cells = notebook.cells.map(toStored)
  return `${toText({ ...notebook, metadata, cells }, '\n')}\n`
}

function toStored(cell: Cell): Cell {
  const stored = withSplitLines(cell)
  if (!isObject(cell.metadata)) return stored
  const { trusted: _trusted, ...metadata } = cell.metadata
  return { ...stored, metadata }
}

/**
 * As Python's `json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False)`. `JSON.stringify` will not do:
 * an object's keys that look like numbers come first, whatever order they were put in.
 */
function toText(value: unknown, newline: string): string {
  const inner = `${newline} `
  if (typeof value === 'number') return toPythonNumber(value)
  if (value instanceof ExactNumber) return value.text
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]'
    // Lines of text make up most of a notebook, and only between them is there a newline.
    if (value.every((item) => typeof item === 'string')) return JSON.stringify(value, null, 1).replaceAll('\n', newline)
    return `[${inner}${value.map((item) => toText(item, inner)).join(`,${inner}`)}${newline}]`
  }
  if (!isObject(value)) return JSON.stringify(value ?? null)
  const keys = Object.keys(value).toSorted(byCodePoint)
  if (keys.length === 0) return '{}'
  const members = keys.map((key) => `${JSON.stringify(key)}: ${toText(value[key], inner)}`)
  return `{${inner}${members.join(`,${inner}`)}${newline}}`
}

/** By code points; `<` would compare UTF-16 units and put U+1F600 before U+FF5E. */
function byCodePoint(left: string, right: string): number {
  const length = Math.min(left.length, right.length)
  for (let index = 0; index < length; index++) {
    const a = left.charCodeAt(index)
    const b = right.charCodeAt(index)
    if (a !== b) return isSurrogate(a) === isSurrogate(b) ? a - b : isSurrogate(a) ? 1 : -1
  }
  return left.length - right.length
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff
}
