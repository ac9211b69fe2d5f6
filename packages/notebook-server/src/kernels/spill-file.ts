import { mkdir, open, unlink, type FileHandle } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { dirname, join } from 'node:path'
import { isSystemError } from '@cygnet/core/errors'
import { decodeV1, toV1Parts } from './v1-protocol.ts'
import type { KernelMessage } from './kernel-message.ts'

/** A new file is begun after this many bytes, so that what was read is given back. */
const segmentBytes = 32 * 1024 * 1024

/** Linux writes so many pieces at once. */
const maxParts = 1024

/**
 * A first-in first-out queue of messages on disk. Its files have no name once they are open, so nothing stays behind,
 * however the process ends. The disk is the user's home and may hang: nobody waits for it but who reads what is there.
 */
export interface SpillFile {
  /** Bytes that were not read yet. */
  readonly bytes: number
  /** Of these, bytes that are still in memory, behind what is being written. */
  readonly unwrittenBytes: number
  /** True once the disk has refused something, as a full one does. What was appended is kept in memory then. */
  readonly isBroken: boolean
  /** Appends a batch. */
  write(messages: KernelMessage[]): void
  /**
   * Takes the oldest batch, or an empty one where there is none; a promise where it has to be fetched from the disk. Not to
   * be called again before that has resolved.
   */
  read(): KernelMessage[] | Promise<KernelMessage[]>
  close(): void
}

interface Batch {
  lengths: number[]
  length: number
  /** Until it is on the disk. */
  messages: KernelMessage[] | undefined
  place: { segment: Segment; offset: number } | undefined
}

interface Segment {
  file: FileHandle
  size: number
  /** Batches in it that were not read yet. */
  unread: number
  isClosed: boolean
}

export function createSpillFile(folder: string): SpillFile {
  const batches: Batch[] = []
  let segment: Segment | undefined
  let bytes = 0
  let unwrittenBytes = 0
  let isBroken = false
  const unwritten: Batch[] = []
  let isWriting = false

  async function writeOn(): Promise<void> {
    if (isWriting) return
    isWriting = true
    for (let batch = unwritten.shift(); batch !== undefined; batch = unwritten.shift()) {
      unwrittenBytes -= batch.length
      await put(batch)
    }
    isWriting = false
    if (segment !== undefined) await closeIfRead(segment)
  }

  async function put(batch: Batch): Promise<void> {
    const { messages } = batch
    // Taken from memory meanwhile.
    if (messages === undefined || isBroken) return
    try {
      if (segment === undefined || segment.size >= segmentBytes) {
        const full = segment
        segment = { file: await openNameless(folder), size: 0, unread: 0, isClosed: false }
        if (full !== undefined) await closeIfRead(full)
      }
      const place = { segment, offset: segment.size }
      await writeAll(segment.file, messages.flatMap(toV1Parts), segment.size)
      segment.size += batch.length
      if (batch.messages === undefined) return
      segment.unread += 1
      batch.place = place
      batch.messages = undefined
    } catch {
      isBroken = true
    }
  }

  async function fetch(batch: Batch, { segment: from, offset }: NonNullable<Batch['place']>): Promise<KernelMessage[]> {
    const data = await readAll(from.file, batch.length, offset).finally(() => {
      bytes -= batch.length
      from.unread -= 1
      void closeIfRead(from)
    })
    let start = 0
    return batch.lengths.map((length) => {
      const record = data.subarray(start, start + length)
      start += length
      return { ...decodeV1(record), v1: record }
    })
  }

  async function closeIfRead(one: Segment): Promise<void> {
    if (one.isClosed || one.unread > 0 || (one === segment && (isWriting || batches.length > 0))) return
    one.isClosed = true
    if (one === segment) segment = undefined
    await one.file.close().catch(() => undefined)
  }

  return {
    get bytes() {
      return bytes
    },
    get unwrittenBytes() {
      return unwrittenBytes
    },
    get isBroken() {
      return isBroken
    },
    write(messages) {
      const lengths = messages.map((message) => lengthOf(toV1Parts(message)))
      const length = lengths.reduce((sum, each) => sum + each, 0)
      const batch: Batch = { lengths, length, messages, place: undefined }
      batches.push(batch)
      bytes += length
      unwrittenBytes += length
      unwritten.push(batch)
      void writeOn()
    },
    read() {
      const batch = batches.shift()
      if (batch === undefined) {
        // Written once more when the disk may have room again.
        isBroken = false
        return []
      }
      if (batch.place !== undefined) return fetch(batch, batch.place)
      const messages = batch.messages ?? []
      batch.messages = undefined
      bytes -= batch.length
      const waiting = unwritten.indexOf(batch)
      if (waiting >= 0) {
        unwritten.splice(waiting, 1)
        unwrittenBytes -= batch.length
      }
      return messages
    },
    close() {
      for (const batch of batches.splice(0)) {
        bytes -= batch.length
        batch.messages = undefined
        if (batch.place === undefined) continue
        batch.place.segment.unread -= 1
        void closeIfRead(batch.place.segment)
      }
      unwritten.length = unwrittenBytes = 0
      // One that is being written is closed after that.
      if (segment !== undefined) void closeIfRead(segment)
    },
  }
}

async function openNameless(folder: string): Promise<FileHandle> {
  await makeFolder(folder)
  const path = join(folder, `.backlog-${randomUUID()}`)
  const file = await open(path, 'wx+', 0o600)
  await unlink(path)
  return file
}

// Node's `recursive` never returns where a file system answers ENOENT below a folder that exists, as /proc does.
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return
    if (!isSystemError(error, 'ENOENT') || dirname(path) === path) throw error
    await makeFolder(dirname(path))
    await mkdir(path, { mode: 0o700 })
  }
}

function lengthOf(parts: Buffer[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0)
}

async function writeAll(file: FileHandle, parts: Buffer[], offset: number): Promise<void> {
  let rest = parts
  for (let position = offset; rest.length > 0;) {
    let written = (await file.writev(rest.slice(0, maxParts), position)).bytesWritten
    position += written
    // A write may end anywhere, within a part too.
    let whole = 0
    for (; whole < rest.length && written >= (rest[whole]?.length ?? 0); whole++) written -= rest[whole]?.length ?? 0
    rest = rest.slice(whole)
    if (written > 0 && rest[0] !== undefined) rest[0] = rest[0].subarray(written)
  }
}

async function readAll(file: FileHandle, length: number, offset: number): Promise<Buffer> {
  const data = Buffer.allocUnsafe(length)
  for (let done = 0; done < length;) {
    const { bytesRead } = await file.read(data, done, length - done, offset + done)
    if (bytesRead === 0) throw new Error('A backlog on disk is shorter than what was written.')
    done += bytesRead
  }
  return data
}
