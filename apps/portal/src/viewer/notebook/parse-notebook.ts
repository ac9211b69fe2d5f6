import { ExactNumber, parsePythonJson } from '@cygnet/core/python-json'
import { toIndentedJson } from '../indent-json.ts'
import type { Cell, CodeCell, MimeBundle, Notebook, Output } from './notebook.ts'

/** The file is no notebook. The message is for people. */
export class NotebookError extends Error {
  override readonly name = 'NotebookError'
}

/**
 * Reads a notebook of nbformat 3 or 4. What is missing or odd in it is passed over: a notebook that another program
 * wrote carelessly is still shown as far as it can be. @throws NotebookError where it is no notebook at all
 * Source: https://nbformat.readthedocs.io/en/latest/format_description.html
 */
export function parseNotebook(text: string): Notebook {
  let file: unknown
  try {
    file = parsePythonJson(text)
  } catch (cause) {
    throw new NotebookError('This file is no notebook: it is not valid JSON.', { cause })
  }
  if (!isRecord(file)) throw new NotebookError('This file is no notebook: there is no object in it.')
  const sheets = list(file['worksheets']).filter(isRecord)
  const cells = Array.isArray(file['cells']) ? file['cells'] : sheets.flatMap((sheet) => list(sheet['cells']))
  if (cells.length === 0 && !('cells' in file) && !('worksheets' in file))
    throw new NotebookError('This file is no notebook: it has no cells.')
  return { language: languageOf(file), cells: cells.filter(isRecord).map(toCell) }
}

type JsonObject = Record<string, unknown>

function languageOf(file: JsonObject): string {
  const metadata = record(file['metadata'])
  const info = record(metadata['language_info'])
  const spec = record(metadata['kernelspec'])
  const name = info['name'] ?? spec['language'] ?? metadata['language'] ?? 'python'
  return typeof name === 'string' ? name.toLowerCase() : 'python'
}

function toCell(cell: JsonObject): Cell {
  const source = joined(cell['source'])
  switch (cell['cell_type']) {
    case 'code':
      return toCodeCell(cell)
    case 'markdown': {
      const attachments = Object.entries(record(cell['attachments'])).map(([name, bundle]) => [name, toBundle(bundle)])
      return { kind: 'markdown', source, attachments: Object.fromEntries(attachments) }
    }
    // Of version 3; a heading of its own kind.
    case 'heading': {
      const level = Math.max(1, Math.min(6, Number(cell['level']) || 1))
      return { kind: 'markdown', source: `${'#'.repeat(level)} ${source.replace(/\n/g, ' ')}`, attachments: {} }
    }
    case 'html':
      return { kind: 'markdown', source, attachments: {} }
    default:
      return { kind: 'raw', source }
  }
}

function toCodeCell(cell: JsonObject): CodeCell {
  const metadata = record(cell['metadata'])
  const jupyter = record(metadata['jupyter'])
  const count = cell['execution_count'] ?? cell['prompt_number']
  return {
    kind: 'code',
    // `input` is of version 3.
    source: joined(cell['source'] ?? cell['input']),
    count: toCount(count),
    outputs: mergeStreams(list(cell['outputs']).filter(isRecord).flatMap(toOutput)),
    sourceHidden: jupyter['source_hidden'] === true,
    outputsHidden: jupyter['outputs_hidden'] === true || metadata['collapsed'] === true,
  }
}

function toOutput(output: JsonObject): Output[] {
  switch (output['output_type']) {
    case 'stream':
      return [{ kind: 'stream', name: joined(output['name'] ?? output['stream']), text: joined(output['text']) }]
    case 'error':
    case 'pyerr':
      return [
        {
          kind: 'error',
          name: joined(output['ename']),
          value: joined(output['evalue']),
          traceback: list(output['traceback']).map(joined).join('\n'),
        },
      ]
    case 'display_data':
    case 'execute_result':
    case 'update_display_data':
    case 'pyout': {
      const count = output['execution_count'] ?? output['prompt_number']
      const data = isRecord(output['data']) ? toBundle(output['data']) : toOldBundle(output)
      return [{ kind: 'data', data, sizes: toSizes(output['metadata']), count: toCount(count) }]
    }
    default:
      return []
  }
}

/** In version 3 the media types had short names beside the output's other keys. */
const oldNames: Record<string, string> = {
  text: 'text/plain',
  html: 'text/html',
  svg: 'image/svg+xml',
  png: 'image/png',
  jpeg: 'image/jpeg',
  latex: 'text/latex',
  json: 'application/json',
  javascript: 'application/javascript',
  pdf: 'application/pdf',
}

function toOldBundle(output: JsonObject): MimeBundle {
  const data: MimeBundle = {}
  for (const [name, type] of Object.entries(oldNames)) if (name in output) data[type] = joined(output[name])
  return data
}

function toBundle(value: unknown): MimeBundle {
  const data: MimeBundle = {}
  for (const [type, content] of Object.entries(record(value)))
    data[type] = typeof content === 'string' || isLines(content) ? joined(content) : content
  return data
}

function toCount(value: unknown): number | null {
  const count = value instanceof ExactNumber ? Number(value.text) : value
  return typeof count === 'number' && Number.isFinite(count) ? count : null
}

function toSizes(value: unknown): Record<string, { width?: number; height?: number }> {
  const sizes: Record<string, { width?: number; height?: number }> = {}
  for (const [type, entry] of Object.entries(record(value))) {
    const { width, height } = record(entry)
    const size: { width?: number; height?: number } = {}
    if (typeof width === 'number' && width > 0) size.width = width
    if (typeof height === 'number' && height > 0) size.height = height
    sizes[type] = size
  }
  return sizes
}

/** A program that prints often leaves many small pieces: one stream reads as one. */
function mergeStreams(outputs: Output[]): Output[] {
  const merged: Output[] = []
  for (const output of outputs) {
    const last = merged.at(-1)
    if (output.kind === 'stream' && last?.kind === 'stream' && last.name === output.name) last.text += output.text
    else merged.push(output)
  }
  return merged
}

function joined(value: unknown): string {
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return value.map((line) => (typeof line === 'string' ? line : '')).join('')
  return value === undefined || value === null ? '' : (toIndentedJson(value) ?? '')
}

function isLines(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((line) => typeof line === 'string')
}

function isRecord(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber)
}

function record(value: unknown): JsonObject {
  return isRecord(value) ? value : {}
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
