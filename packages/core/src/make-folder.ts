import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isSystemError } from './errors.ts'

/**
 * Creates a folder and those above it; a folder that is there already is fine. For paths that people type: Node's own `recursive`
 * never returns where the file system answers ENOENT below a folder that exists, as /proc does.
 *
 * @param mode of the folders that are created, less the umask
 * @throws the system's error, such as EACCES, ENOTDIR, ENOENT or EEXIST (something else has the name)
 */
export async function makeFolder(path: string, mode = 0o777): Promise<void> {
  try {
    await mkdir(path, { mode })
  } catch (error) {
    if (isSystemError(error, 'EEXIST') && (await isFolder(path))) return
    const parent = dirname(path)
    if (!isSystemError(error, 'ENOENT') || parent === path || (await isFolder(parent))) throw error
    await makeFolder(parent, mode)
    await makeFolder(path, mode)
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  )
}
