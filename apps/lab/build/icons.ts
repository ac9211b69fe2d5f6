import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'

/** Copies a file under a name with a hash of its content, as the bundle's own files have; returns that name. */
export async function copyIcon(file: string, outDir: string): Promise<string> {
  const content = await readFile(file)
  const hash = createHash('sha256').update(content).digest('base64url').slice(0, 8)
  const { name, ext } = path.parse(file)
  await writeFile(path.join(outDir, `${name}-${hash}${ext}`), content)
  return `${name}-${hash}${ext}`
}
