import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { CygnetError } from '@cygnet/core/errors'

/** `release.json`: what a software release is. Beside it lies `requirements.lock`, with a hash for each file that is installed. */
const declarationSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/, 'lower-case letters, digits and . _ - in between'),
  title: z.string().min(1),
  description: z.string(),
  kind: z.literal('python'),
  highlights: z.array(z.string()).default([]).describe('Packages whose versions people want to know.'),
})

/** A named, versioned set of software, as it is declared. */
export interface ReleaseDeclaration extends z.infer<typeof declarationSchema> {
  /** The folder of the declaration. */
  folder: string
}

/**
 * Reads all declarations below a folder, newest id first.
 * @throws CygnetError `bad-request` naming the file and what is wrong with it
 */
export async function readReleases(folder: string): Promise<ReleaseDeclaration[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name))
  const releases = await Promise.all(folders.map(readDeclaration))
  if (releases.length === 0) throw new CygnetError('bad-request', `There is no software release in ${folder}.`)
  return releases.toSorted((a, b) => (a.id < b.id ? 1 : -1))
}

async function readDeclaration(folder: string): Promise<ReleaseDeclaration> {
  const path = join(folder, 'release.json')
  try {
    const declaration = declarationSchema.parse(JSON.parse(await readFile(path, 'utf8')))
    return { ...declaration, folder }
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause)
    throw new CygnetError('bad-request', `The release declaration ${path} is wrong: ${why}`, { cause })
  }
}
