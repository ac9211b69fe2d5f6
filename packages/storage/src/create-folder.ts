import { CygnetError, isSystemError } from '@cygnet/core/errors'
import { joinPath, shorten } from './names.ts'
import { createOwnedFolder, type Owner } from './ownership.ts'
import { locate, notFound, type Location, type Root } from './walk.ts'

/**
 * Creates a folder and those above it that are missing.
 *
 * @param check - called with each place before something is made there
 * @returns the topmost folder that was made, without links
 * @throws CygnetError `conflict` where the last one exists already or a file is in the way
 */
export async function createFolders(
  root: Root,
  path: readonly string[],
  owner: Owner | null,
  check: (location: Location) => void,
): Promise<readonly string[]> {
  const missing = await findMissing(root, path)
  if (missing > path.length) throw taken(path)
  let first: readonly string[] | undefined
  for (let length = missing; length <= path.length; length++) {
    const part = path.slice(0, length)
    await using location = await locate(root, part, 'follow')
    check(location)
    try {
      await using created = await createOwnedFolder(location.folder, location.name, owner)
      await created.sync()
      await location.folder.sync()
      first ??= location.path
    } catch (error) {
      if (!isSystemError(error, 'EEXIST')) throw error
      if (length === path.length || !(await location.folder.look(location.name))?.isDirectory())
        throw taken(part, error)
    }
  }
  return first ?? path
}

/** The length of the shortest part of the path where there is nothing yet. */
async function findMissing(root: Root, path: readonly string[]): Promise<number> {
  for (let length = path.length; length > 0; length--) {
    const part = path.slice(0, length)
    try {
      await using location = await locate(root, part, 'follow')
      const stats = await location.folder.look(location.name)
      if (stats === undefined) continue
      if (!stats.isDirectory()) throw taken(part)
      return length + 1
    } catch (error) {
      if (!(error instanceof CygnetError) || error.code !== 'not-found') throw error
    }
  }
  if (path.length === 0) return 1
  await using location = await locate(root, [], 'follow')
  if (!(await location.folder.look(location.name))?.isDirectory()) throw notFound(path)
  return 1
}

function taken(path: readonly string[], cause?: unknown): CygnetError {
  return new CygnetError('conflict', `There is already something at “${shorten(joinPath(path))}”.`, { cause })
}
