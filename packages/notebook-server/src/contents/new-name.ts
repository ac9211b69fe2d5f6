import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { isSystemError } from '@cygnet/core/errors'
import { toFilePath } from '@cygnet/core/file-name'

/**
 * Makes something under the first free name: `name`, then with `insert` and 1, 2, 3 ... before the extension (`Untitled1.ipynb`, `data-Copy2.tar.gz`).
 * `make` must fail with `EEXIST` where another was faster.
 */
export async function makeUnderFreeName(
  folder: string,
  name: string,
  insert: string,
  make: (path: string) => Promise<void>,
): Promise<string> {
  // For a notebook the last dot begins the extension, for all others the first: Jupyter Server's rule.
  const dot = name.endsWith('.ipynb') ? name.lastIndexOf('.') : name.indexOf('.')
  const stem = dot < 0 ? name : name.slice(0, dot)
  const suffix = dot < 0 ? '' : name.slice(dot)
  for (let number = 0; ; number++) {
    const candidate = number === 0 ? name : `${stem}${insert}${number}${suffix}`
    if (await exists(join(folder, candidate))) continue
    try {
      await make(join(folder, candidate))
      return candidate
    } catch (error) {
      if (!isSystemError(error, 'EEXIST', 'ERR_FS_CP_EEXIST')) throw error
    }
  }
}

export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(toFilePath(path))
    return true
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return false
    throw error
  }
}
