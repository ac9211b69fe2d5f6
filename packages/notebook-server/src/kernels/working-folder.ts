import { realpath, stat } from 'node:fs/promises'
import { dirname, join, normalize, sep } from 'node:path'

/**
 * The folder where a kernel or terminal for this API path starts: the path itself where it is a folder, else the nearest
 * one above it that exists, never outside of `root`, not through a symbolic link either.
 */
export async function findWorkingFolder(root: string, path: string): Promise<string> {
  const top = await realpath(root)
  // As an absolute path `..` cannot lead above the top.
  let inside = normalize(`/${path.replaceAll('\0', '')}`)
  while (inside !== '/' && inside !== '.') {
    const folder = join(root, inside)
    if (await isFolderBelow(folder, top)) return folder
    inside = dirname(inside)
  }
  return root
}

async function isFolderBelow(folder: string, top: string): Promise<boolean> {
  try {
    const real = await realpath(folder)
    return (real === top || real.startsWith(top + sep)) && (await stat(real)).isDirectory()
  } catch {
    return false
  }
}
