import { ExactNumber } from '@cygnet/core/python-json'
import { isObject, outputsOf, type Cell, type JsonObject, type Notebook } from './notebook.ts'

/**
 * Puts back the numbers of a file that a client could not hold. A browser is shown `null` for NaN and knows 1.0 as 1: where it
 * sends what it was shown, the file's own number stays. Changes `sent`.
 *
 * An output stays as a whole or is the client's: in one that was made anew, a null is a null.
 */
export function keepNumbers(sent: Notebook, stored: Notebook): void {
  for (const key of Object.keys(sent)) if (key !== 'cells') sent[key] = kept(sent[key], stored[key])
  const find = createFinder(stored.cells)
  for (const cell of sent.cells) {
    const before = find(cell)
    if (before === undefined) continue
    for (const key of Object.keys(cell)) if (key !== 'outputs') cell[key] = kept(cell[key], before[key])
    if (isShownAs(cell['execution_count'], before['execution_count'])) keepOutputs(cell, before)
  }
}

function keepOutputs(sent: Cell, stored: Cell): void {
  const before = outputsOf(stored)
  for (const [index, output] of outputsOf(sent).entries()) {
    const same = before[index]
    if (same !== undefined && isShownAs(output, same)) Object.assign(output, same)
  }
}

/** Finds a cell by its id, or, where there are none, by what is in it; each once. */
function createFinder(cells: Cell[]): (sent: Cell) => Cell | undefined {
  const known = Map.groupBy(cells, keyOf)
  return (sent) => known.get(keyOf(sent))?.shift()
}

function keyOf(cell: Cell): string {
  return typeof cell['id'] === 'string' ? `id ${cell['id']}` : JSON.stringify([cell.cell_type, cell.source])
}

function kept(sent: unknown, stored: unknown): unknown {
  if (stored instanceof ExactNumber) return isShownAs(sent, stored) ? stored : sent
  if (Array.isArray(sent) && Array.isArray(stored)) {
    return sent.length === stored.length ? sent.map((item, index) => kept(item, stored[index])) : sent
  }
  if (!isObject(sent) || !isObject(stored)) return sent
  return Object.fromEntries(Object.entries(sent).map(([key, value]) => [key, kept(value, ownOf(stored, key))]))
}

/** True where a client that was shown `stored` and changed nothing would send this. */
function isShownAs(sent: unknown, stored: unknown): boolean {
  if (stored instanceof ExactNumber) {
    const number = Number(stored.text)
    if (sent instanceof ExactNumber) return sent.text === stored.text
    return Number.isFinite(number) ? sent === number : sent === null
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

function ownOf(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined
}
