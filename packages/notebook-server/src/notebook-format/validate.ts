import { isObject, type JsonObject, type Notebook } from './notebook.ts'

/** Says what is wrong with a notebook by the rules of format 4, or undefined where it is valid. Reads on at the first fault. */
export function findFault(notebook: Notebook): string | undefined {
  if (!isObject(notebook.metadata)) return 'the notebook has no metadata'
  // A notebook of a later minor version may hold cells and outputs that nobody knows yet.
  const known = notebook.nbformat_minor <= 5
  for (const [index, cell] of notebook.cells.entries()) {
    const fault = isObject(cell) ? cellFault(cell, known) : 'it is no object'
    if (fault !== undefined) return `cell ${index + 1}: ${fault}`
  }
  return undefined
}

function cellFault(cell: JsonObject, known: boolean): string | undefined {
  const type = cell['cell_type']
  if (type !== 'code' && type !== 'markdown' && type !== 'raw') {
    return known ? `cell_type is ${JSON.stringify(type)}, not code, markdown or raw` : undefined
  }
  if (!isObject(cell['metadata'])) return 'it has no metadata'
  if (!isText(cell['source'])) return 'its source is no text'
  if (type !== 'code') return undefined
  if (!isCount(cell['execution_count'])) return 'its execution_count is neither a number nor null'
  if (!Array.isArray(cell['outputs'])) return 'it has no list of outputs'
  for (const [index, output] of cell['outputs'].entries()) {
    const fault = isObject(output) ? outputFault(output, known) : 'it is no object'
    if (fault !== undefined) return `output ${index + 1}: ${fault}`
  }
  return undefined
}

function outputFault(output: JsonObject, known: boolean): string | undefined {
  switch (output['output_type']) {
    case 'stream':
      if (typeof output['name'] !== 'string') return 'the stream has no name'
      return isText(output['text']) ? undefined : 'the stream has no text'
    case 'display_data':
    case 'execute_result':
      if (!isObject(output['data'])) return 'it has no data'
      if (!isObject(output['metadata'])) return 'it has no metadata'
      return output['output_type'] === 'display_data' || isCount(output['execution_count'])
        ? undefined
        : 'its execution_count is neither a number nor null'
    case 'error':
      return typeof output['ename'] === 'string' &&
        typeof output['evalue'] === 'string' &&
        Array.isArray(output['traceback'])
        ? undefined
        : 'the error has no ename, evalue or traceback'
    default:
      return known ? `output_type is ${JSON.stringify(output['output_type'])}, which does not exist` : undefined
  }
}

function isText(value: unknown): boolean {
  return typeof value === 'string' || (Array.isArray(value) && value.every((line) => typeof line === 'string'))
}

function isCount(value: unknown): boolean {
  return value === null || (typeof value === 'number' && Number.isInteger(value) && value >= 0)
}
