import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CygnetError } from '@cygnet/core/errors'
import type { Example } from '@cygnet/contract/v1/examples'
import { copyIn } from '@cygnet/storage/copy-in'
import { openSpace, type Space } from '@cygnet/storage/space'
import { z } from 'zod'

const declaration = z.strictObject({
  title: z.string().min(1),
  description: z.string(),
  tags: z.array(z.string()).default([]),
  /** Files of the example's folder. */
  picture: z.string().nullable().default(null),
  notebook: z.string().min(1),
  /** What is copied beside the notebook. */
  files: z.array(z.string()).default([]),
})

interface Known {
  view: Example
  folder: string
  /** What is copied into a home. */
  copied: string[]
}

export interface Examples {
  list(): Example[]
  /** All that may be read of an example. @throws CygnetError `not-found` */
  files(id: string): Space
  /** Copies an example into a home, keeping what is there already. @returns the notebook's path there */
  copyTo(id: string, space: Space): Promise<string>
}

/**
 * Reads the gallery: one folder an example, with an `example.json` in it.
 * @throws CygnetError `bad-request` naming the file and what is wrong with it
 */
export async function readExamples(folder: string): Promise<Examples> {
  const known = new Map<string, Known>()
  const entries = await readdir(folder, { withFileTypes: true })
  for (const entry of entries.toSorted((left, right) => (left.name < right.name ? -1 : 1))) {
    if (entry.isDirectory() && !entry.name.startsWith('.')) known.set(entry.name, await readExample(folder, entry.name))
  }
  const find = (id: string): Known => {
    const example = known.get(id)
    if (example === undefined) throw new CygnetError('not-found', `There is no example “${id}”.`)
    return example
  }
  const open = (id: string): Space =>
    openSpace({ folder: find(id).folder, seenAs: '/', owner: null, title: id, readOnly: true })
  return {
    list: () => [...known.values()].map((example) => example.view),
    files: open,
    async copyTo(id, space) {
      const { folder: source, copied, view } = find(id)
      const target = `examples/${id}`
      await copyIn(space, source, target, copied)
      return `${target}/${view.notebook}`
    },
  }
}

async function readExample(gallery: string, id: string): Promise<Known> {
  const folder = join(gallery, id)
  const file = join(folder, 'example.json')
  const space = openSpace({ folder, seenAs: '/', owner: null, title: id, readOnly: true })
  try {
    const { files, picture, ...declared } = declaration.parse(JSON.parse(await readFile(file, 'utf8')))
    const copied = [declared.notebook, ...files]
    for (const name of picture === null ? copied : [...copied, picture]) await space.stat(name)
    const address =
      picture === null ? null : `/api/v1/examples/${encodeURIComponent(id)}/files/${encodeURIComponent(picture)}`
    return { view: { id, ...declared, picture: address }, folder, copied }
  } catch (cause) {
    const why =
      cause instanceof z.ZodError ? z.prettifyError(cause) : cause instanceof Error ? cause.message : String(cause)
    throw new CygnetError('bad-request', `The example ${file} is wrong: ${why}`, { cause })
  }
}
