import { ExactNumber } from '@cygnet/core/python-json'
import { isObject, outputsOf, type Cell, type JsonObject, type Notebook } from './notebook.ts'
import { pairCells } from './pair-cells.ts'
import { isSameNumber } from './same-number.ts'

/**
 * Puts back the numbers of a file that a client could not hold or writes in another way. A browser is shown `null` for NaN and
 * knows 1.0 as 1: where it sends what it was shown, the file's own number stays. Changes `sent`.
 *
 * An output stays as a whole or is the client's: in one that was made anew, a null is a null.
 */
export function keepNumbers(sent: Notebook, stored: Notebook): void {
  for (const key of Object.keys(sent)) if (key !== 'cells') sent[key] = kept(sent[key], stored[key])
  for (const [cell, before] of pairCells(sent.cells, stored.cells)) {
    for (const key of Object.keys(cell)) if (key !== 'outputs') cell[key] = kept(cell[key], before[key])
    if (isShownAs(cell['execution_count'], before['execution_count'])) keepOutputs(cell, before)
  }
}

function keepOutputs(sent: Cell, stored: Cell): void {
  const before = outputsOf(stored).filter(isShown)
  for (const [index, output] of outputsOf(sent).filter(isShown).entries()) {
    const same = before[index]
    if (same !== undefined && isShownAs(output, same)) Object.assign(output, same)
  }
}

/** Printed text has no numbers, and JupyterLab joins one output of it with the next. */
function isShown(output: JsonObject): boolean {
  return output['output_type'] !== 'stream'
}

function kept(sent: unknown, stored: unknown): unknown {
  if (isNumber(stored)) return isShownAs(sent, stored) ? stored : sent
  if (Array.isArray(sent) && Array.isArray(stored)) {
    return sent.length === stored.length ? sent.map((item, index) => kept(item, stored[index])) : sent
  }
  if (!isObject(sent) || !isObject(stored)) return sent
  return Object.fromEntries(Object.entries(sent).map(([key, value]) => [key, kept(value, ownOf(stored, key))]))
}

/** True where a client that was shown `stored` and changed nothing would send this. */
function isShownAs(sent: unknown, stored: unknown): boolean {
  if (isNumber(stored)) {
    if (isNumber(sent)) return isSameNumber(sent, stored)
    return sent === null && stored instanceof ExactNumber && !Number.isFinite(Number(stored.text))
  }
  if (Array.isArray(stored)) {
    return (
      Array.isArray(sent) &&
      sent.length === stored.length &&
      stored.every((item, index) => isShownAs(sent[index], item))
    )
  }
  if (!isObject(stored)) return sent === stored
  if (!isObject(sent)) return false
  const keys = Object.keys(stored)
  return keys.length === Object.keys(sent).length && keys.every((key) => isShownAs(ownOf(sent, key), stored[key]))
}

function isNumber(value: unknown): value is number | ExactNumber {
  return typeof value === 'number' || value instanceof ExactNumber
}

function ownOf(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined
}
