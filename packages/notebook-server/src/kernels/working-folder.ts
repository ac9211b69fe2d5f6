import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdtemp, realpath, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, normalize, sep } from 'node:path'
import { isSystemError } from '@cygnet/core/errors'
import { toFileName, toFilePath } from '@cygnet/core/file-name'

/**
 * The folder where a kernel or terminal for this API path starts: the path itself where it is a folder, else the nearest
 * one above it that exists, never outside of `root`, not through a symbolic link either.
 */
export async function findWorkingFolder(root: string, path: string): Promise<string> {
  const top = toFileName(await realpath(root, { encoding: 'buffer' }))
  // As an absolute path `..` cannot lead above the top.
  let inside = normalize(`/${path.replaceAll('\0', '')}`)
  while (inside !== '/' && inside !== '.') {
    const folder = join(root, inside)
    if (await isFolderBelow(folder, top)) return toReachable(folder)
    inside = dirname(inside)
  }
  return root
}

async function isFolderBelow(folder: string, top: string): Promise<boolean> {
  try {
    const real = toFileName(await realpath(toFilePath(folder), { encoding: 'buffer' }))
    return (real === top || real.startsWith(top + sep)) && (await stat(toFilePath(real))).isDirectory()
  } catch {
    return false
  }
}

let links: Promise<string> | undefined

/** Programs can be started only in folders whose paths are UTF-8; to any other one leads a link of ours. */
async function toReachable(folder: string): Promise<string> {
  const path = toFilePath(folder)
  if (typeof path === 'string') return path
  links ??= makeLinksFolder()
  const link = join(await links, createHash('sha256').update(path).digest('hex').slice(0, 16))
  try {
    await symlink(path, link)
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) throw error
  }
  return link
}

async function makeLinksFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cygnet-folders-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}
