import { createHash } from 'node:crypto'
import { chmod, lstat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CygnetError } from '@cygnet/core/errors'
import { makeFolder } from '@cygnet/core/make-folder'

/**
 * Creates the folder of a service's sockets, private to it: short, for the path of a unix socket has 107 bytes at most, and
 * the same for every process that is given the same data folder.
 *
 * @throws CygnetError `forbidden` where something that belongs to somebody else lies in its place
 */
export async function createRuntimeFolder(dataFolder: string): Promise<string> {
  const folder = runtimeFolderOf(dataFolder)
  await makeFolder(folder, 0o700)
  const info = await lstat(folder)
  const uid = process.getuid?.() ?? 0
  if (!info.isDirectory() || info.uid !== uid)
    throw new CygnetError('forbidden', `The runtime folder ${folder} belongs to somebody else.`, {
      mend: 'Remove it, or set XDG_RUNTIME_DIR to a folder of your own.',
    })
  await chmod(folder, 0o700)
  return folder
}

/** Where a running service of this data folder takes the administrator's requests. */
export function adminSocketOf(dataFolder: string): string {
  return `${runtimeFolderOf(dataFolder)}/admin.sock`
}

function runtimeFolderOf(dataFolder: string): string {
  const name = createHash('sha256').update(resolve(dataFolder)).digest('hex').slice(0, 12)
  const uid = process.getuid?.() ?? 0
  if (uid === 0) return `/run/cygnet/${name}`
  const own = process.env['XDG_RUNTIME_DIR']
  return own === undefined || own === '' ? `/tmp/cygnet-${uid}/${name}` : `${own}/cygnet/${name}`
}
