import { CygnetError, isSystemError } from '@cygnet/core/errors'
import { mapConcurrently } from './concurrent.ts'
import { toEntry, toLinkEntry, type SpaceEntry } from './entry.ts'
import { isTemporary, removeAbandoned } from './temporary.ts'
import { locateFrom, type Budget, type Held, type Root } from './walk.ts'

/** More would keep the service busy for seconds, and nobody reads them. */
const mostEntries = 50_000
/** Enough to keep the threads busy; more would make everybody else wait behind one listing. */
const lookups = 8
/** Steps for all links of a listing: one to a file beside takes two, one to a folder nearby less than ten. */
const mostSteps = 50_000

// One collator for all: making one costs milliseconds. Digits count as numbers: `run-9` comes before `run-10`.
const collator = new Intl.Collator('en', { numeric: true })

/**
 * What is in a held folder: folders first, by name, in natural order. Links are shown as what they lead to; those that
 * lead nowhere or out of the tree, FIFOs, sockets, devices and uploads under way are left out. Where following them takes
 * too long, the rest of the links are shown as what they are.
 *
 * @param shown - the path by which its entries are named
 */
export async function listFolder(root: Root, held: Held, shown: string, hidden: boolean): Promise<SpaceEntry[]> {
  const { folder } = held
  const { signal } = root
  const budgeted = { ...root, budget: { steps: mostSteps } }
  const all = await folder.names(mostEntries, signal)
  await removeAbandoned(folder, all, signal)
  const names = all.filter((name) => !isTemporary(name) && (hidden || !name.startsWith('.')))
  const prefix = shown === '' ? '' : `${shown}/`
  const show = async (name: string): Promise<SpaceEntry | undefined> => {
    const stats = await folder.look(name)
    if (stats === undefined) return undefined
    if (!stats.isSymbolicLink()) return toEntry(prefix + name, name, stats)
    const entry = await followEntry(budgeted, held, prefix + name, name)
    return entry ?? (budgeted.budget.steps < 0 ? toLinkEntry(prefix + name, stats) : undefined)
  }
  const entries = await mapConcurrently(names, lookups, show, signal)
  return entries.filter((entry) => entry !== undefined).toSorted(inOrder)
}

async function followEntry(
  root: Root & { budget: Budget },
  held: Held,
  shown: string,
  name: string,
): Promise<SpaceEntry | undefined> {
  if (root.budget.steps < 0) return undefined
  try {
    await using location = await locateFrom(root, held, name)
    const stats = await location.folder.look(location.name)
    return stats === undefined ? undefined : toEntry(shown, name, stats)
  } catch (error) {
    root.signal?.throwIfAborted()
    if (error instanceof CygnetError || isSystemError(error, 'EACCES', 'EPERM', 'ENAMETOOLONG')) return undefined
    throw error
  }
}

function inOrder(left: SpaceEntry, right: SpaceEntry): number {
  if (left.kind !== right.kind) return left.kind === 'folder' ? -1 : 1
  return collator.compare(left.name, right.name) || (left.name < right.name ? -1 : 1)
}
