import { CygnetError, isSystemError } from '@cygnet/core/errors'
import { mapConcurrently } from './concurrent.ts'
import type { Directory } from './directory.ts'
import { toEntry, type SpaceEntry } from './entry.ts'
import { isTemporary, removeAbandoned } from './temporary.ts'
import { locate, type Root } from './walk.ts'

/** More would keep the service busy for seconds, and nobody reads them. */
const mostEntries = 50_000
/** Enough to keep the file system busy; more only costs memory. */
const lookups = 64

// One collator for all: making one costs milliseconds. Digits count as numbers: `run-9` comes before `run-10`.
const collator = new Intl.Collator('en', { numeric: true })

/**
 * What is in a held folder: folders first, by name, in natural order. Links are shown as what they lead to; those that
 * lead nowhere or out of the tree, FIFOs, sockets, devices and uploads under way are left out.
 *
 * @param real - where the held folder is from the tree's root, without links
 * @param shown - the path by which its entries are named
 */
export async function listFolder(
  root: Root,
  folder: Directory,
  real: readonly string[],
  shown: string,
  hidden: boolean,
): Promise<SpaceEntry[]> {
  const all = await folder.names(mostEntries)
  await removeAbandoned(folder, all)
  const names = all.filter((name) => !isTemporary(name) && (hidden || !name.startsWith('.')))
  const prefix = shown === '' ? '' : `${shown}/`
  const entries = await mapConcurrently(names, lookups, async (name) => {
    const stats = await folder.look(name)
    if (stats === undefined) return undefined
    if (!stats.isSymbolicLink()) return toEntry(prefix + name, name, stats)
    return followEntry(root, [...real, name], prefix + name, name)
  })
  return entries.filter((entry) => entry !== undefined).toSorted(inOrder)
}

async function followEntry(
  root: Root,
  real: readonly string[],
  shown: string,
  name: string,
): Promise<SpaceEntry | undefined> {
  try {
    await using location = await locate(root, real, 'follow')
    const stats = await location.folder.look(location.name)
    return stats === undefined ? undefined : toEntry(shown, name, stats)
  } catch (error) {
    if (error instanceof CygnetError || isSystemError(error, 'EACCES', 'EPERM', 'ENAMETOOLONG')) return undefined
    throw error
  }
}

function inOrder(left: SpaceEntry, right: SpaceEntry): number {
  if (left.kind !== right.kind) return left.kind === 'folder' ? -1 : 1
  return collator.compare(left.name, right.name) || (left.name < right.name ? -1 : 1)
}
