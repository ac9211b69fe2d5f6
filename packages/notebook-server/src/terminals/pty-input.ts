import { writeSync } from 'node:fs'
import { isSystemError } from '@cygnet/core/errors'

/** So much may wait for a program that does not read; what is typed then is lost, as on any terminal. */
const mostBytes = 4 * 1024 * 1024
const retryMs = 10
const pieceBytes = 64 * 1024

/** Writes to a pseudo-terminal without waiting for the program that reads it. */
export interface PtyInput {
  write(text: string): void
  /** Must be called before the descriptor's number can mean something else. */
  close(): void
}

/** @param descriptor - in non-blocking mode */
export function createPtyInput(descriptor: number): PtyInput {
  let waiting = Buffer.alloc(0)
  let timer: NodeJS.Timeout | undefined
  let isClosed = false

  function flush(): void {
    timer = undefined
    try {
      // Synchronous, yet it waits for nothing: the descriptor is in non-blocking mode.
      while (waiting.length > 0) waiting = waiting.subarray(writeSync(descriptor, waiting.subarray(0, pieceBytes)))
    } catch (error) {
      if (isSystemError(error, 'EAGAIN')) timer = setTimeout(flush, retryMs)
      else waiting = Buffer.alloc(0)
    }
  }

  return {
    write(text) {
      if (isClosed || waiting.length > mostBytes) return
      waiting = Buffer.concat([waiting, Buffer.from(text)])
      if (timer === undefined) flush()
    },
    close() {
      isClosed = true
      clearTimeout(timer)
      waiting = Buffer.alloc(0)
    },
  }
}
