import { ExactNumber } from '@cygnet/core/python-json'
import { isObject, type JsonObject, type Notebook } from './notebook.ts'
import { findCellMetadataFault, findNotebookMetadataFault } from './validate-metadata.ts'

/**
 * Says what is wrong with a notebook by the rules of format 4, or undefined where it is valid. Reads on at the first fault.
 * Source: nbformat/v4/nbformat.v4.5.schema.json
 */
export function findFault(notebook: Notebook): string | undefined {
  // A notebook of a later minor version may hold keys, cells and outputs that nobody knows yet.
  const known = notebook.nbformat_minor <= 5
  const unknown = known ? unknownKey(notebook, ['cells', 'metadata', 'nbformat', 'nbformat_minor']) : undefined
  if (unknown !== undefined) return unknown
  if (!isObject(notebook.metadata)) return 'the notebook has no metadata'
  const metadata = findNotebookMetadataFault(notebook.metadata)
  if (metadata !== undefined) return metadata
  for (const [index, cell] of notebook.cells.entries()) {
    const fault = isObject(cell) ? cellFault(cell, known, notebook.nbformat_minor) : 'it is no object'
    if (fault !== undefined) return `cell ${index + 1}: ${fault}`
  }
  return undefined
}

const cellKeys = ['cell_type', 'id', 'metadata', 'source']

function cellFault(cell: JsonObject, known: boolean, minor: number): string | undefined {
  const type = cell['cell_type']
  if (type !== 'code' && type !== 'markdown' && type !== 'raw') {
    return known ? `cell_type is ${JSON.stringify(type)}, not code, markdown or raw` : undefined
  }
  const keys = [...cellKeys, ...(type === 'code' ? ['execution_count', 'outputs'] : ['attachments'])]
  const unknown = known ? unknownKey(cell, keys) : undefined
  if (unknown !== undefined) return unknown
  const id = idFault(cell, minor)
  if (id !== undefined) return id
  if (!isObject(cell['metadata'])) return 'it has no metadata'
  if (!isText(cell['source'])) return 'its source is no text'
  const metadata = findCellMetadataFault(cell['metadata'], type)
  if (metadata !== undefined) return metadata
  if (type !== 'code') return attachmentsFault(cell['attachments'])
  if (!isCount(cell['execution_count'])) return 'its execution_count is neither a number nor null'
  if (!Array.isArray(cell['outputs'])) return 'it has no list of outputs'
  for (const [index, output] of cell['outputs'].entries()) {
    const fault = isObject(output) ? outputFault(output, known) : 'it is no object'
    if (fault !== undefined) return `output ${index + 1}: ${fault}`
  }
  return undefined
}

function idFault(cell: JsonObject, minor: number): string | undefined {
  if (minor < 5) return 'id' in cell ? `it has an id, which format 4.${minor} does not know` : undefined
  const id = cell['id']
  if (typeof id !== 'string') return `its id is ${JSON.stringify(id) ?? 'missing'}, not text`
  if (/^[a-zA-Z0-9-_]{1,64}$/.test(id)) return undefined
  return `its id ${JSON.stringify(id.slice(0, 80))} is not made of 1 to 64 letters, digits, hyphens and underscores`
}

function outputFault(output: JsonObject, known: boolean): string | undefined {
  const type = output['output_type']
  const keys = typeof type === 'string' && Object.hasOwn(outputKeys, type) ? outputKeys[type] : undefined
  if (keys === undefined) return known ? `output_type is ${JSON.stringify(type)}, which does not exist` : undefined
  const unknown = known ? unknownKey(output, ['output_type', ...keys]) : undefined
  if (unknown !== undefined) return unknown
  switch (type) {
    case 'stream':
      if (typeof output['name'] !== 'string') return 'the stream has no name'
      return isText(output['text']) ? undefined : 'the stream has no text'
    case 'error':
      return typeof output['ename'] === 'string' && typeof output['evalue'] === 'string' && isLines(output['traceback'])
        ? undefined
        : 'the error has no ename, evalue or traceback'
    default:
      if (!isObject(output['data'])) return 'it has no data'
      if (!isObject(output['metadata'])) return 'it has no metadata'
      if (type === 'execute_result' && !isCount(output['execution_count']))
        return 'its execution_count is neither a number nor null'
      return bundleFault(output['data'])
  }
}

const outputKeys: Record<string, string[]> = {
  stream: ['name', 'text'],
  display_data: ['data', 'metadata'],
  execute_result: ['data', 'metadata', 'execution_count'],
  error: ['ename', 'evalue', 'traceback'],
}

function attachmentsFault(attachments: unknown): string | undefined {
  if (attachments === undefined) return undefined
  if (!isObject(attachments)) return 'its attachments are no object'
  for (const [name, bundle] of Object.entries(attachments)) {
    const fault = isObject(bundle) ? bundleFault(bundle) : 'it is no object'
    if (fault !== undefined) return `attachment ${JSON.stringify(name.slice(0, 80))}: ${fault}`
  }
  return undefined
}

/** Everything but JSON is text. */
function bundleFault(bundle: JsonObject): string | undefined {
  for (const [type, content] of Object.entries(bundle)) {
    if (!/^application\/(?:.*\+)?json$/.test(type) && !isText(content))
      return `its ${JSON.stringify(type.slice(0, 80))} is no text`
  }
  return undefined
}

function unknownKey(value: JsonObject, known: string[]): string | undefined {
  const unknown = Object.keys(value).find((key) => !known.includes(key))
  return unknown === undefined ? undefined : `${JSON.stringify(unknown.slice(0, 80))} does not belong there`
}

function isText(value: unknown): boolean {
  return typeof value === 'string' || isLines(value)
}

function isLines(value: unknown): boolean {
  return Array.isArray(value) && value.every((line) => typeof line === 'string')
}

function isCount(value: unknown): boolean {
  // A whole number of more digits than JavaScript has; 1.0 is none for nbformat.
  if (value instanceof ExactNumber) return /^\d+$/.test(value.text)
  return value === null || (typeof value === 'number' && Number.isInteger(value) && value >= 0)
}
