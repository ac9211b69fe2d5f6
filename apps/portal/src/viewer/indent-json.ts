import { stringifyPythonJson } from '@cygnet/core/python-json'

/** Deeper than this the indents alone would be more than the values. */
const deepest = 200

/** A value as JSON with lines and indents, NaN as Python writes it; undefined where it is too deep for that. */
export function toIndentedJson(value: unknown): string | undefined {
  return isDeep(value, deepest) ? undefined : stringifyPythonJson(value, 2)
}

function isDeep(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((each) => isDeep(each, levels - 1))
}
