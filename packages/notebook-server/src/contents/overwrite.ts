import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { toFilePath } from '@cygnet/core/file-name'
import { overwrite } from '@cygnet/core/overwrite'

/** One overwriting of a file at a time, or two saves would mix. */
const underWay = new Map<string, Promise<void>>()

/** Copies a complete file over an existing one that cannot be replaced. */
export async function overwriteInPlace(target: string, source: FileHandle): Promise<void> {
  const before = underWay.get(target)
  const turn = (before ?? Promise.resolve()).then(() => overwriteFile(target, source))
  const settled = turn.catch(() => undefined)
  underWay.set(target, settled)
  try {
    await turn
  } finally {
    if (underWay.get(target) === settled) underWay.delete(target)
  }
}

async function overwriteFile(target: string, source: FileHandle): Promise<void> {
  const file = await open(toFilePath(target), constants.O_WRONLY | constants.O_NOFOLLOW)
  try {
    await overwrite(file, source)
  } finally {
    await file.close()
  }
}
