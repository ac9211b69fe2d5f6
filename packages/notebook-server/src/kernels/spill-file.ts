import { closeSync, existsSync, mkdirSync, openSync, readSync, unlinkSync, writevSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import { dirname, join } from 'node:path'
import { decodeV1, toV1Parts } from './v1-protocol.ts'
import type { KernelMessage } from './kernel-message.ts'

/** A new file is begun after this many bytes, so that what was read is given back. */
const segmentBytes = 32 * 1024 * 1024

/** Linux writes so many pieces at once. */
const maxParts = 1024

/**
 * A first-in first-out queue of messages on disk. Its files have no name once they are open, so nothing stays behind,
 * however the process ends. It works synchronously, in large pieces: order and bounds hold without waiting for anything.
 */
export interface SpillFile {
  /** Bytes on disk that were not read yet. */
  readonly bytes: number
  /** Appends a batch. @throws the system's error where the disk is full; nothing was appended then */
  write(messages: KernelMessage[]): void
  /** The oldest batch, or an empty one where there is none. */
  read(): KernelMessage[]
  close(): void
}

export function createSpillFile(folder: string): SpillFile {
  const segments: Segment[] = []
  let bytes = 0
  return {
    get bytes() {
      return bytes
    },
    write(messages) {
      const records = messages.map(toV1Parts)
      const lengths = records.map(lengthOf)
      const length = lengths.reduce((sum, each) => sum + each, 0)
      let segment = segments.at(-1)
      if (segment === undefined || segment.size >= segmentBytes) {
        segment = { file: openNameless(folder), size: 0, batches: [] }
        segments.push(segment)
      }
      writeAll(segment.file, records.flat(), segment.size)
      segment.batches.push({ offset: segment.size, lengths })
      segment.size += length
      bytes += length
    },
    read() {
      const segment = segments[0]
      const batch = segment?.batches.shift()
      if (segment === undefined || batch === undefined) return []
      const data = readAll(segment.file, batch)
      bytes -= data.length
      if (segment.batches.length === 0) {
        closeSync(segment.file)
        segments.shift()
      }
      let start = 0
      return batch.lengths.map((length) => {
        const record = data.subarray(start, start + length)
        start += length
        return { ...decodeV1(record), v1: record }
      })
    },
    close() {
      for (const segment of segments.splice(0)) closeSync(segment.file)
      bytes = 0
    },
  }
}

interface Batch {
  offset: number
  lengths: number[]
}

interface Segment {
  file: number
  size: number
  batches: Batch[]
}

function openNameless(folder: string): number {
  makeFolderSync(folder)
  const path = join(folder, `.backlog-${randomUUID()}`)
  const file = openSync(path, 'wx+', 0o600)
  unlinkSync(path)
  return file
}

// Node's `recursive` never returns where a file system answers ENOENT below a folder that exists, as /proc does.
function makeFolderSync(path: string): void {
  if (existsSync(path)) return
  makeFolderSync(dirname(path))
  mkdirSync(path, { mode: 0o700 })
}

function lengthOf(parts: Buffer[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0)
}

function writeAll(file: number, parts: Buffer[], offset: number): void {
  let rest = parts
  for (let position = offset; rest.length > 0;) {
    let written = writevSync(file, rest.slice(0, maxParts), position)
    position += written
    // A write may end anywhere, within a part too.
    let whole = 0
    for (; whole < rest.length && written >= (rest[whole]?.length ?? 0); whole++) written -= rest[whole]?.length ?? 0
    rest = rest.slice(whole)
    if (written > 0 && rest[0] !== undefined) rest[0] = rest[0].subarray(written)
  }
}

function readAll(file: number, batch: Batch): Buffer {
  const data = Buffer.allocUnsafe(batch.lengths.reduce((sum, length) => sum + length, 0))
  for (let done = 0; done < data.length;) {
    const read = readSync(file, data, done, data.length - done, batch.offset + done)
    if (read === 0) throw new Error('A backlog on disk is shorter than what was written.')
    done += read
  }
  return data
}
