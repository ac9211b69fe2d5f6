import { ExactNumber } from '@cygnet/core/python-json'

/**
 * A notebook as it is held in memory and sent to clients: every multi-line text is one string.
 * Only what this server touches is typed; the rest passes through.
 * Source: https://nbformat.readthedocs.io/en/latest/format_description.html
 */
export interface Notebook {
  nbformat: number
  nbformat_minor: number
  metadata: JsonObject
  cells: Cell[]
  [key: string]: unknown
}

export interface Cell {
  cell_type: string
  metadata: JsonObject
  source: unknown
  [key: string]: unknown
}

export type JsonObject = Record<string, unknown>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber)
}

/** The outputs of a code cell that are objects; empty for every other cell. */
export function outputsOf(cell: JsonObject): JsonObject[] {
  return cell['cell_type'] === 'code' && Array.isArray(cell['outputs']) ? cell['outputs'].filter(isObject) : []
}

/** The value where it is a string; empty for anything else. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

export function emptyNotebook(): Notebook {
  return { nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [] }
}
