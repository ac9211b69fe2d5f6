import { createHash } from 'node:crypto'
import type { Cell } from './notebook.ts'

/**
 * Gives an id to every cell that has none, or one that a cell before it has. It is made of what is in the cell and of how many like it
 * come before: whenever the same file is read the ids are the same, so that what a client sends back is known again.
 */
export function giveIds(cells: Cell[]): void {
  const taken = new Set<unknown>(cells.map(({ id }) => id))
  const seen = new Set<unknown>()
  const alike = new Map<string, number>()
  for (const cell of cells) {
    if (typeof cell['id'] !== 'string' || seen.has(cell['id'])) {
      cell['id'] = createId(cell, taken, alike)
      taken.add(cell['id'])
    }
    seen.add(cell['id'])
  }
}

/** Of the form that nbformat gives them. */
function createId({ cell_type, source }: Cell, taken: Set<unknown>, alike: Map<string, number>): string {
  const content = JSON.stringify([cell_type, source])
  for (let number = alike.get(content) ?? 0; ; number++) {
    const id = createHash('sha256').update(`${number} ${content}`).digest('hex').slice(0, 8)
    if (taken.has(id)) continue
    alike.set(content, number + 1)
    return id
  }
}
