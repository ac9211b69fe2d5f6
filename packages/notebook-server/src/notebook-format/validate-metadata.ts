import { isObject, type JsonObject } from './notebook.ts'

/** What is wrong with the notebook's own metadata, or undefined. Keys that the format does not name may hold anything. */
export function findNotebookMetadataFault(metadata: JsonObject): string | undefined {
  return (
    findWrong('kernelspec', metadata['kernelspec'], { name: isString, display_name: isString }, {}) ??
    findWrong('language_info', metadata['language_info'], { name: isString }, languageKeys) ??
    findWrong('metadata', metadata, {}, { title: isString, authors: Array.isArray, orig_nbformat: isVersion })
  )
}

/** What is wrong with a cell's metadata, or undefined. */
export function findCellMetadataFault(metadata: JsonObject, type: 'code' | 'markdown' | 'raw'): string | undefined {
  return findWrong(
    'metadata',
    metadata,
    {},
    { ...commonKeys, ...(type === 'code' ? codeKeys : {}), ...(type === 'raw' ? { format: isString } : {}) },
  )
}

type Check = (value: unknown) => boolean

const isString: Check = (value) => typeof value === 'string'
const isBoolean: Check = (value) => typeof value === 'boolean'
const isVersion: Check = (value) => typeof value === 'number' && Number.isInteger(value) && value >= 1

const languageKeys = {
  codemirror_mode: (value: unknown) => typeof value === 'string' || isObject(value),
  file_extension: isString,
  mimetype: isString,
  pygments_lexer: isString,
}

const commonKeys = { name: (value: unknown) => isString(value) && value !== '', tags: areTags, jupyter: isObject }

const codeKeys = {
  collapsed: isBoolean,
  scrolled: (value: unknown) => isBoolean(value) || value === 'auto',
  execution: (value: unknown) => isObject(value) && Object.values(value).every(isString),
}

function areTags(value: unknown): boolean {
  if (!Array.isArray(value) || new Set(value).size < value.length) return false
  return value.every((tag) => typeof tag === 'string' && /^[^,]+$/.test(tag))
}

function findWrong(
  name: string,
  value: unknown,
  required: Record<string, Check>,
  optional: Record<string, Check>,
): string | undefined {
  if (value === undefined) return undefined
  if (!isObject(value)) return `${name} is no object`
  for (const key of Object.keys(required)) if (!(key in value)) return `${name} has no ${JSON.stringify(key)}`
  for (const [key, isRight] of Object.entries({ ...required, ...optional }))
    if (key in value && !isRight(value[key]))
      return `${name}: ${JSON.stringify(key)} may not be ${(JSON.stringify(value[key]) ?? '').slice(0, 80)}`
  return undefined
}
