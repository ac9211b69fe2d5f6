import type { Entry } from '@cygnet/contract/v1/files'

export type SortKey = 'name' | 'modified' | 'size'
export interface Order {
  by: SortKey
  descending: boolean
}

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })

const compare: Record<SortKey, (a: Entry, b: Entry) => number> = {
  name: (a, b) => collator.compare(a.name, b.name),
  modified: (a, b) => Date.parse(a.modified) - Date.parse(b.modified),
  size: (a, b) => a.size - b.size,
}

/** Folders first, then by the chosen column, then by name with numbers as numbers. */
export function sortEntries(entries: readonly Entry[], order: Order): Entry[] {
  const sign = order.descending ? -1 : 1
  return entries.toSorted(
    (a, b) =>
      Number(b.kind === 'folder') - Number(a.kind === 'folder') ||
      sign * compare[order.by](a, b) ||
      collator.compare(a.name, b.name),
  )
}

/** The entries whose names contain the words, without hidden ones unless asked for. */
export function filterEntries(entries: readonly Entry[], words: string, hidden: boolean): Entry[] {
  const wanted = words.trim().toLocaleLowerCase()
  return entries.filter(
    ({ name }) => (hidden || !name.startsWith('.')) && (wanted === '' || name.toLocaleLowerCase().includes(wanted)),
  )
}
