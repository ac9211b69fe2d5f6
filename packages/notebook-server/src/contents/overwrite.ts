import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'

const chunk = 1024 * 1024

/** One overwriting of a file at a time, or two saves would mix. */
const underWay = new Map<string, Promise<void>>()

/**
 * Copies a complete file over an existing one that cannot be replaced. What is longer than the old content is written first, so
 * that a full disk is noticed while the old content still stands.
 */
export async function overwriteInPlace(target: string, source: FileHandle): Promise<void> {
  const before = underWay.get(target)
  const turn = (before ?? Promise.resolve()).then(() => overwrite(target, source))
  const settled = turn.catch(() => undefined)
  underWay.set(target, settled)
  try {
    await turn
  } finally {
    if (underWay.get(target) === settled) underWay.delete(target)
  }
}

async function overwrite(target: string, source: FileHandle): Promise<void> {
  const file = await open(target, constants.O_RDWR | constants.O_NOFOLLOW)
  try {
    const { size: oldSize } = await file.stat()
    const { size } = await source.stat()
    try {
      await copyRange(source, file, oldSize, size)
    } catch (error) {
      await file.truncate(oldSize)
      throw error
    }
    await copyRange(source, file, 0, Math.min(oldSize, size))
    await file.truncate(size)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function copyRange(source: FileHandle, target: FileHandle, from: number, to: number): Promise<void> {
  const buffer = Buffer.allocUnsafe(chunk)
  for (let position = from; position < to;) {
    const { bytesRead } = await source.read(buffer, 0, Math.min(chunk, to - position), position)
    if (bytesRead === 0) return
    for (let written = 0; written < bytesRead;) {
      const result = await target.write(buffer, written, bytesRead - written, position + written)
      written += result.bytesWritten
    }
    position += bytesRead
  }
}
