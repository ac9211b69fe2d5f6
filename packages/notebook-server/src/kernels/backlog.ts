import { createMessage, parseHeader, sizeOf, type KernelMessage } from './kernel-message.ts'
import { createSpillFile } from './spill-file.ts'

export interface BacklogLimits {
  /** Bytes kept in memory before the disk is used. */
  memoryBytes: number
  /** Bytes kept in all. */
  totalBytes: number
  /** Where the disk is used. */
  folder: string
}

/**
 * The messages that wait for one client, in their order: the oldest in memory, then what went to disk, then the newest,
 * which go there in one piece. Where the bound is reached (or the disk is full) output is dropped from then on, and a
 * line that says so takes its place; states and replies are kept, so that a client never waits for an end that was lost.
 */
export interface Backlog {
  readonly isEmpty: boolean
  push(message: KernelMessage): void
  shift(): KernelMessage | undefined
  clear(): void
}

export function createBacklog(limits: BacklogLimits): Backlog {
  const spill = createSpillFile(limits.folder)
  // Index instead of shift(): a list of a hundred thousand messages would be moved for each.
  let head: KernelMessage[] = []
  let next = 0
  let tail: KernelMessage[] = []
  let headBytes = 0
  let tailBytes = 0
  let isDropping = false
  const pieceBytes = Math.max(64 * 1024, limits.memoryBytes / 4)

  function append(message: KernelMessage): void {
    const size = costOf(message)
    if (spill.bytes === 0 && tail.length === 0 && headBytes + size <= limits.memoryBytes) {
      head.push(message)
      headBytes += size
      return
    }
    tail.push(message)
    tailBytes += size
    if (tailBytes < pieceBytes) return
    try {
      spill.write(tail)
    } catch {
      startDropping(message)
      return
    }
    tail = []
    tailBytes = 0
  }

  function startDropping(message: KernelMessage): void {
    if (isDropping) return
    isDropping = true
    tail.push(createLossNotice(message))
  }

  const waiting = (): number => headBytes + tailBytes + spill.bytes

  return {
    get isEmpty() {
      return next >= head.length && tail.length === 0 && spill.bytes === 0
    },
    push(message) {
      if (waiting() + costOf(message) > limits.totalBytes) startDropping(message)
      if (isDropping && (isOutput(message) || waiting() > 2 * limits.totalBytes)) return
      append(message)
    },
    shift() {
      if (next >= head.length) {
        head = spill.read()
        next = 0
        headBytes = head.reduce((sum, message) => sum + costOf(message), 0)
        if (head.length === 0) {
          head = tail
          headBytes = tailBytes
          tail = []
          tailBytes = 0
          isDropping = false
        }
      }
      const message = head[next]
      if (message === undefined) return undefined
      headBytes -= costOf(message)
      next++
      if (next > 1000 && next > head.length / 2) {
        head = head.slice(next)
        next = 0
      }
      return message
    },
    clear() {
      spill.close()
      head = []
      tail = []
      next = headBytes = tailBytes = 0
      isDropping = false
    },
  }
}

/** A message in memory is more than its bytes: the frames are objects. */
function costOf(message: KernelMessage): number {
  return sizeOf(message) + 600
}

function isOutput(message: KernelMessage): boolean {
  return message.channel === 'iopub' && parseHeader(message.frames[0]).msg_type !== 'status'
}

function createLossNotice(message: KernelMessage): KernelMessage {
  const text = '\n[Output is missing from here on: more was waiting to be read than can be kept.]\n'
  return createMessage('iopub', 'stream', { name: 'stderr', text }, message.frames[1])
}
