import { giveIds } from './cell-ids.ts'
import { isObject, textOf, type JsonObject, type Notebook } from './notebook.ts'

/**
 * Turns a notebook of format 2 or 3 (IPython of 2011 to 2014) into one of format 4.5, as nbformat does.
 * Source: nbformat/v4/convert.py
 */
export function upgradeNotebook(old: JsonObject): Notebook {
  const { worksheets, nbformat: major, nbformat_minor: minor, ...rest } = old
  delete rest['orig_nbformat']
  delete rest['orig_nbformat_minor']
  const metadata = isObject(rest['metadata']) ? { ...rest['metadata'] } : {}
  delete metadata['name']
  delete metadata['signature']
  // Lets a client say that the notebook was converted; it is not stored.
  metadata['orig_nbformat'] = major
  metadata['orig_nbformat_minor'] = minor ?? 0
  const sheets = Array.isArray(worksheets) ? worksheets.filter(isObject) : []
  const cells = sheets.flatMap((sheet) => (Array.isArray(sheet['cells']) ? sheet['cells'].filter(isObject) : []))
  const upgraded = cells.map(upgradeCell)
  giveIds(upgraded)
  return { ...rest, nbformat: 4, nbformat_minor: 5, metadata, cells: upgraded }
}

function upgradeCell(old: JsonObject): Notebook['cells'][number] {
  const { cell_type: type, metadata: oldMetadata, ...rest } = old
  const metadata: JsonObject = isObject(oldMetadata) ? { ...oldMetadata } : {}
  delete rest['trusted']
  if (type === 'code') {
    const { language: _language, input, prompt_number: count, collapsed, outputs, ...others } = rest
    if (collapsed !== undefined) metadata['collapsed'] = collapsed
    return {
      ...others,
      cell_type: 'code',
      metadata,
      source: joinOldLines(input) ?? '',
      execution_count: count ?? null,
      outputs: Array.isArray(outputs) ? outputs.filter(isObject).map(upgradeOutput) : [],
    }
  }
  const { level, source: lines, ...others } = rest
  delete others['rendered']
  const source = joinOldLines(lines) ?? ''
  const cell = { ...others, metadata }
  if (type === 'heading') {
    const hashes = '#'.repeat(typeof level === 'number' ? level : 1)
    return { ...cell, cell_type: 'markdown', source: `${hashes} ${textOf(source).trimEnd().split(/\r?\n/).join(' ')}` }
  }
  return { ...cell, cell_type: type === 'html' ? 'markdown' : String(type), source }
}

const mediaTypes: Record<string, string> = {
  text: 'text/plain',
  html: 'text/html',
  svg: 'image/svg+xml',
  png: 'image/png',
  jpeg: 'image/jpeg',
  latex: 'text/latex',
  json: 'application/json',
  javascript: 'application/javascript',
}

function upgradeOutput(old: JsonObject): JsonObject {
  const type = old['output_type']
  if (type === 'pyout' || type === 'display_data') {
    const { output_type: _type, metadata, prompt_number: count, ...data } = old
    const output: JsonObject = {
      output_type: type === 'pyout' ? 'execute_result' : 'display_data',
      metadata: isObject(metadata) ? withMediaTypes(metadata) : {},
      data: withMediaTypes(data),
    }
    return type === 'pyout' ? { ...output, execution_count: count ?? null } : output
  }
  if (type === 'pyerr') return { ...old, output_type: 'error' }
  if (type === 'stream') {
    const { stream, text, ...rest } = old
    return { ...rest, name: stream ?? 'stdout', text: joinOldLines(text) ?? '' }
  }
  return old
}

function withMediaTypes(data: JsonObject): JsonObject {
  const named: JsonObject = {}
  for (const [alias, value] of Object.entries(data)) {
    const joined = joinOldLines(value)
    named[mediaTypes[alias] ?? alias] = alias === 'json' ? parsedJson(joined) : joined
  }
  return named
}

function parsedJson(text: unknown): unknown {
  if (typeof text !== 'string') return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Format 3 wrote lines with or without their ends. */
function joinOldLines(value: unknown): unknown {
  if (!Array.isArray(value) || !value.every((line) => typeof line === 'string')) return value
  return value.join(/[\n\r]$/.test(value[0] ?? '') ? '' : '\n')
}
