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
  /** Undefined where there is none, and where the next has to be fetched from the disk: `onReady` is called then. */
  shift(): KernelMessage | undefined
  clear(): void
}

/** How much more than what is kept in memory may wait for a disk that is slow, or hangs. */
const unwrittenFactor = 16

/** @param onReady - what was to be fetched from the disk is there */
export function createBacklog(limits: BacklogLimits, onReady: () => void): Backlog {
  const spill = createSpillFile(limits.folder)
  // Index instead of shift(): a list of a hundred thousand messages would be moved for each.
  let head: KernelMessage[] = []
  let next = 0
  let tail: KernelMessage[] = []
  let headBytes = 0
  let tailBytes = 0
  let isDropping = false
  let isFetching = false
  /** Tells what was fetched for an earlier content. */
  let contents = 0
  const mostUnwritten = unwrittenFactor * limits.memoryBytes
  const pieceBytes = Math.max(64 * 1024, limits.memoryBytes / 4)

  function append(message: KernelMessage): void {
    const size = costOf(message)
    if (!isFetching && spill.bytes === 0 && tail.length === 0 && headBytes + size <= limits.memoryBytes) {
      head.push(message)
      headBytes += size
      return
    }
    tail.push(message)
    tailBytes += size
    if (tailBytes < pieceBytes || spill.isBroken) return
    spill.write(tail)
    tail = []
    tailBytes = 0
  }

  function startDropping(message: KernelMessage): void {
    if (isDropping) return
    isDropping = true
    tail.push(createLossNotice(message))
  }

  function setHead(messages: KernelMessage[]): void {
    head = messages
    next = 0
    headBytes = head.reduce((sum, message) => sum + costOf(message), 0)
  }

  async function fetch(batch: Promise<KernelMessage[]>): Promise<void> {
    const wanted = contents
    isFetching = true
    // What the disk does not give back is lost, but not without a word.
    const messages = await batch.catch(() => [createLossNotice()])
    if (wanted !== contents) return
    isFetching = false
    setHead(messages)
    onReady()
  }

  const waiting = (): number => headBytes + tailBytes + spill.bytes

  return {
    get isEmpty() {
      return !isFetching && next >= head.length && tail.length === 0 && spill.bytes === 0
    },
    push(message) {
      const isFull = waiting() + costOf(message) > limits.totalBytes
      if (isFull || spill.isBroken || spill.unwrittenBytes > mostUnwritten) startDropping(message)
      if (isDropping && (isOutput(message) || waiting() > 2 * limits.totalBytes)) return
      append(message)
    },
    shift() {
      if (next >= head.length) {
        if (isFetching) return undefined
        const batch = spill.read()
        if (batch instanceof Promise) {
          void fetch(batch)
          return undefined
        }
        setHead(batch)
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
      contents += 1
      isFetching = false
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

function createLossNotice(message?: KernelMessage): KernelMessage {
  const text = '\n[Output is missing from here on: more was waiting to be read than can be kept.]\n'
  return createMessage('iopub', 'stream', { name: 'stderr', text }, message?.frames[1])
}
