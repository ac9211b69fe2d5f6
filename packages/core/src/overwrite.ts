import type { FileHandle } from 'node:fs/promises'

const chunk = 1024 * 1024

/**
 * Copies a complete file over an existing one that cannot be replaced. What is longer than the old content is written first, so
 * that a full disk is noticed while the old content still stands.
 *
 * @param source - open for reading; complete and on the disk, so that the content can be had from it after a crash in between
 * @param target - open for writing
 */
export async function overwrite(target: FileHandle, source: FileHandle): Promise<void> {
  const { size: oldSize } = await target.stat()
  const { size } = await source.stat()
  try {
    await copyRange(source, target, oldSize, size)
  } catch (error) {
    await target.truncate(oldSize)
    throw error
  }
  await copyRange(source, target, 0, Math.min(oldSize, size))
  await target.truncate(size)
  await target.sync()
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
