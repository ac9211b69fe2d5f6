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
    const folder = path.slice(0, path.lastIndexOf('/'))
    await unlessThere(space.createFolder(folder))
    if ((await space.stat(folder)).kind !== 'folder') throw new CygnetError('conflict', `“${folder}” is a file.`)
    const content = createReadStream(join(source, file))
    try {
      await unlessThere(space.write(path, content))
    } finally {
      content.destroy()
    }
  }
}

async function unlessThere(work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!(error instanceof CygnetError) || error.code !== 'conflict') throw error
  }
}
