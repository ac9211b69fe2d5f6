import { closeSync, mkdirSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { decodeV1, encodeV1 } from './v1-protocol.ts'
import type { KernelMessage } from './kernel-message.ts'

/** A new file is begun after this many bytes, so that what was read is given back. */
const segmentBytes = 32 * 1024 * 1024

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
      const records = messages.map(encodeV1)
      const length = records.reduce((sum, record) => sum + record.length, 0)
      let segment = segments.at(-1)
      if (segment === undefined || segment.size >= segmentBytes) {
        segment = { file: openNameless(folder), size: 0, batches: [] }
        segments.push(segment)
      }
      writeAll(segment.file, Buffer.concat(records, length), segment.size)
      segment.batches.push({ offset: segment.size, lengths: records.map((record) => record.length) })
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
        return decodeV1(record)
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
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, `.backlog-${randomUUID()}`)
  const file = openSync(path, 'wx+', 0o600)
  unlinkSync(path)
  return file
}

function writeAll(file: number, data: Buffer, offset: number): void {
  for (let done = 0; done < data.length;) done += writeSync(file, data, done, data.length - done, offset + done)
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
