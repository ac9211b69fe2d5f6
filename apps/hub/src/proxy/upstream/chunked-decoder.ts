import { MalformedResponse } from './response-head.ts'

const maxLineBytes = 4096
const maxTrailerBytes = 65_536
const carriageReturn = 13
const lineFeed = 10

export interface ChunkedDecoder {
  /**
   * Reads on in `buffer` from `offset`, handing each piece of the body to `onData`.
   * @returns where the body ended, or -1 where it goes on in the next buffer
   * @throws MalformedResponse
   */
  decode(buffer: Buffer, offset: number, onData: (piece: Buffer) => void): number
  /** Name, value, …; complete once the body has ended. */
  readonly trailers: string[]
}

/** Takes the chunked coding off a body (RFC 9112, section 7.1). Chunk extensions are dropped. */
export function createChunkedDecoder(): ChunkedDecoder {
  let state: 'size' | 'data' | 'data-end' | 'trailers' = 'size'
  let left = 0
  let line = ''
  let trailerBytes = 0
  const trailers: string[] = []

  /** The next whole line without its end, or undefined where the buffer ends before it. */
  const takeLine = (buffer: Buffer, offset: number): { text: string; next: number } | undefined => {
    const end = buffer.indexOf(lineFeed, offset)
    line += buffer.toString('latin1', offset, end === -1 ? buffer.length : end)
    if (line.length > maxLineBytes) throw new MalformedResponse('A line of the chunked coding is too long.')
    if (end === -1) return undefined
    const text = line
    line = ''
    if (text.charCodeAt(text.length - 1) !== carriageReturn)
      throw new MalformedResponse('A line of the chunked coding does not end with CRLF.')
    return { text: text.slice(0, -1), next: end + 1 }
  }

  return {
    trailers,
    decode(buffer, offset, onData) {
      let at = offset
      while (at < buffer.length) {
        if (state === 'data') {
          const end = Math.min(buffer.length, at + left)
          onData(buffer.subarray(at, end))
          left -= end - at
          at = end
          if (left === 0) state = 'data-end'
          continue
        }
        const taken = takeLine(buffer, at)
        if (taken === undefined) return -1
        at = taken.next
        if (state === 'size') {
          left = toSize(taken.text)
          state = left === 0 ? 'trailers' : 'data'
        } else if (state === 'data-end') {
          if (taken.text !== '') throw new MalformedResponse('A chunk is longer than it says.')
          state = 'size'
        } else {
          if (taken.text === '') return at
          trailerBytes += taken.text.length
          if (trailerBytes > maxTrailerBytes) throw new MalformedResponse('The trailers are too long.')
          const colon = taken.text.indexOf(':')
          if (colon < 1) throw new MalformedResponse('A trailer has no name.')
          trailers.push(taken.text.slice(0, colon), taken.text.slice(colon + 1).trim())
        }
      }
      return -1
    },
  }
}

function toSize(line: string): number {
  const match = /^([0-9a-fA-F]{1,12})[ \t]*(?:;.*)?$/.exec(line)
  if (match === null) throw new MalformedResponse(`${JSON.stringify(line.slice(0, 80))} is no size of a chunk.`)
  return Number.parseInt(match[1] ?? '', 16)
}
