import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { CygnetError } from '@cygnet/core/errors'
import type { Space } from './space.ts'

/**
 * Copies files of a folder of the service's own into a tree. Those that are there already are left as they are.
 *
 * @param files - relative to both folders
 */
export async function copyIn(space: Space, source: string, target: string, files: readonly string[]): Promise<void> {
  for (const file of files) {
    const path = `${target}/${file}`
    await ensureFolder(space, path.slice(0, path.lastIndexOf('/')))
    const content = createReadStream(join(source, file))
    try {
      await space.write(path, content)
    } catch (error) {
      if (!isConflict(error)) throw error
    } finally {
      content.destroy()
    }
  }
}

async function ensureFolder(space: Space, path: string): Promise<void> {
  try {
    await space.createFolder(path)
  } catch (error) {
    if (!isConflict(error)) throw error
    const there = await space.stat(path).catch(() => undefined)
    if (there?.kind !== 'folder') throw error
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof CygnetError && error.code === 'conflict'
}
