import { stripVTControlCharacters } from 'node:util'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'

const keptCharacters = 32 * 1024

/** Reads a process's raw output to its end and remembers the last of it, for the message about its death. */
export interface OutputTail {
  /** Reads this stream, too. */
  read(stream: Readable): void
  /** The last lines, without escape sequences; waits a moment for what is on its way. */
  lastLines(count?: number): Promise<string[]>
}

export function createOutputTail(): OutputTail {
  let text = ''
  const ends: Array<Promise<void>> = []
  return {
    read(stream) {
      const end = Promise.withResolvers<void>()
      ends.push(end.promise)
      stream.setEncoding('utf8')
      stream.on('data', (chunk: string) => {
        text = (text + chunk).slice(-keptCharacters)
      })
      stream.on('error', () => end.resolve())
      stream.on('close', () => end.resolve())
    },
    async lastLines(count = 15) {
      // A grandchild may hold the stream open for ever.
      await Promise.race([Promise.all(ends), delay(300, undefined, { ref: false })])
      return stripVTControlCharacters(text)
        .split(/\r?\n/)
        .filter((line) => line.trim() !== '')
        .slice(-count)
        .map((line) => line.slice(0, 500))
    },
  }
}
