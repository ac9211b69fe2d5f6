import type { Cell } from './notebook.ts'

/**
 * Which cell of a file each cell is that a client sent: the one with its id; else one with the same source, as where a cell was
 * cut or copied and pasted; else, where there are no ids to tell, the one in the same place. Cells that are new are left out.
 */
export function pairCells(sent: Cell[], stored: Cell[]): Map<Cell, Cell> {
  const pairs = new Map<Cell, Cell>()
  const open = new Set(stored)
  function pair(cell: Cell, before: Cell | undefined): void {
    if (before === undefined) return
    pairs.set(cell, before)
    open.delete(before)
  }

  const byId = new Map(stored.filter(hasId).map((cell) => [cell['id'], cell]))
  for (const cell of sent) if (hasId(cell)) pair(cell, byId.get(cell['id']))
  if (pairs.size === sent.length) return pairs
  for (const [index, cell] of sent.entries()) {
    const inPlace = stored[index]
    if (pairs.has(cell) || inPlace === undefined || !open.has(inPlace)) continue
    if (contentOf(cell) === contentOf(inPlace)) pair(cell, inPlace)
  }
  const byContent = Map.groupBy(open, contentOf)
  const anyByContent = Map.groupBy(stored, contentOf)
  for (const cell of sent) {
    if (pairs.has(cell)) continue
    const content = contentOf(cell)
    pair(cell, byContent.get(content)?.shift() ?? anyByContent.get(content)?.at(-1))
  }
  const places = new Map(stored.map((cell, index) => [cell, index]))
  let place = 0
  for (const cell of sent) {
    const inPlace = stored[place]
    if (!pairs.has(cell) && inPlace !== undefined && open.has(inPlace) && mayBe(cell, inPlace)) pair(cell, inPlace)
    const paired = pairs.get(cell)
    if (paired !== undefined) place = (places.get(paired) ?? place) + 1
  }
  return pairs
}

function mayBe(sent: Cell, stored: Cell): boolean {
  return sent.cell_type === stored.cell_type && !(hasId(sent) && hasId(stored))
}

function hasId(cell: Cell): boolean {
  return typeof cell['id'] === 'string'
}

function contentOf(cell: Cell): string {
  return JSON.stringify([cell.cell_type, cell.source])
}
