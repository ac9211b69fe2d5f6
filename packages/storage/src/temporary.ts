import { randomBytes } from 'node:crypto'
import { unlink } from 'node:fs/promises'
import { mapConcurrently } from './concurrent.ts'
import type { Directory } from './directory.ts'

const pattern = /^\.cygnet-[0-9a-f]{24}\.part$/

/** A hidden name for a file while it is being written beside the one it will be. */
export function createTemporaryName(): string {
  return `.cygnet-${randomBytes(12).toString('hex')}.part`
}

export function isTemporary(name: string): boolean {
  return pattern.test(name)
}

/** A writer touches its file at least this often. */
const abandonedMilliseconds = 24 * 3600 * 1000

/** Removes what a service that was killed while writing has left in a folder. */
export async function removeAbandoned(folder: Directory, names: string[], signal?: AbortSignal): Promise<void> {
  const removeIfOld = async (name: string): Promise<void> => {
    const stats = await folder.look(name)
    if (!stats?.isFile() || Date.now() - stats.mtimeMs < abandonedMilliseconds) return
    await unlink(folder.at(name)).catch(() => undefined)
  }
  await mapConcurrently(names.filter(isTemporary), 4, removeIfOld, signal)
}
