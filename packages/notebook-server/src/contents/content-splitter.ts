import { StringDecoder } from 'node:string_decoder'
import { CygnetError } from '@cygnet/core/errors'

const quote = 0x22
const backslash = 0x5c
const colon = 0x3a
const comma = 0x2c
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d
const letterU = 0x75

type Place = 'structure' | 'string' | 'content'

/**
 * Takes a JSON object apart while it arrives: the string that is its member `content` comes out decoded, piece by piece, and the
 * rest, with `null` in its place, is kept for an ordinary parser. So a file of a gigabyte needs no gigabyte of memory.
 */
export class ContentSplitter {
  readonly #rest: Buffer[] = []
  #restSize = 0
  #place: Place = 'structure'
  #depth = 0
  #escaped = false
  /** The bytes of the string last read in the outermost object, while it is short enough to be a name. */
  #name: number[] = []
  #isContentNext = false
  #wasSplit = false
  #carry: Buffer = Buffer.alloc(0)
  #highSurrogate = ''
  readonly #decoder = new StringDecoder('utf8')
  readonly #restLimit: number

  /** @param restLimit - of the bytes that are not the content string */
  constructor(restLimit: number) {
    this.#restLimit = restLimit
  }

  get wasSplit(): boolean {
    return this.#wasSplit
  }

  /** Returns what of the content string has come out; often nothing. */
  push(piece: Buffer): string {
    let text = ''
    let bytes = this.#carry.length === 0 ? piece : Buffer.concat([this.#carry, piece])
    this.#carry = Buffer.alloc(0)
    while (bytes.length > 0) {
      if (this.#place === 'content') {
        const taken = this.#takeContent(bytes)
        text += taken.text
        bytes = taken.after
      } else {
        bytes = this.#takeRest(bytes)
      }
    }
    return text
  }

  /** Everything but the content string, as JSON. */
  end(): Buffer {
    if (this.#place === 'content' || this.#carry.length > 0) {
      throw new CygnetError('bad-request', 'Invalid JSON in body of request: it ends within the content.')
    }
    return Buffer.concat(this.#rest)
  }

  #takeRest(bytes: Buffer): Buffer {
    for (let index = 0; index < bytes.length; index++) {
      const byte = bytes[index] as number
      if (this.#place === 'string') this.#inString(byte)
      else if (byte === quote && this.#isContentNext && this.#depth === 1) {
        this.#keep(bytes.subarray(0, index))
        this.#keep(Buffer.from('null'))
        this.#beginContent()
        return bytes.subarray(index + 1)
      } else this.#inStructure(byte)
    }
    this.#keep(bytes)
    return bytes.subarray(bytes.length)
  }

  #inString(byte: number): void {
    if (this.#escaped) this.#escaped = false
    else if (byte === backslash) this.#escaped = true
    else if (byte === quote) this.#place = 'structure'
    if (this.#place === 'string' && this.#depth === 1 && this.#name.length < 8) this.#name.push(byte)
  }

  #inStructure(byte: number): void {
    if (byte === quote) {
      this.#place = 'string'
      this.#name = []
    } else if (byte === openBrace || byte === openBracket) {
      this.#depth += 1
      this.#isContentNext = false
    } else if (byte === closeBrace || byte === closeBracket) this.#depth -= 1
    else if (byte === colon && this.#depth === 1) {
      this.#isContentNext = Buffer.from(this.#name).toString('latin1') === 'content'
    } else if (byte === comma) this.#isContentNext = false
  }

  #beginContent(): void {
    if (this.#wasSplit) throw new CygnetError('bad-request', 'The body has more than one "content".')
    this.#wasSplit = true
    this.#isContentNext = false
    this.#place = 'content'
  }

  /** Reads up to the closing quote, or up to the last byte that does not depend on the next piece. */
  #takeContent(bytes: Buffer): { text: string; after: Buffer } {
    let index = 0
    while (index < bytes.length) {
      const byte = bytes[index]
      if (byte === quote) {
        this.#place = 'structure'
        return { text: this.#decode(bytes.subarray(0, index), true), after: bytes.subarray(index + 1) }
      }
      const length = byte !== backslash ? 1 : bytes[index + 1] === letterU ? 6 : 2
      if (index + length > bytes.length) {
        this.#carry = Buffer.from(bytes.subarray(index))
        break
      }
      index += length
    }
    return { text: this.#decode(bytes.subarray(0, index), false), after: bytes.subarray(bytes.length) }
  }

  #decode(raw: Buffer, isLast: boolean): string {
    const escaped = this.#decoder.write(raw) + (isLast ? this.#decoder.end() : '')
    let text: string
    try {
      text = this.#highSurrogate + (JSON.parse(`"${escaped}"`) as string)
    } catch (cause) {
      throw new CygnetError('bad-request', 'Invalid JSON in body of request: the content is no valid string.', {
        cause,
      })
    }
    const ending = text.charCodeAt(text.length - 1)
    // The second half of a character that was sent as two escapes comes with the next piece.
    this.#highSurrogate = !isLast && ending >= 0xd800 && ending <= 0xdbff ? text.slice(-1) : ''
    return this.#highSurrogate === '' ? text : text.slice(0, -1)
  }

  #keep(bytes: Buffer): void {
    this.#restSize += bytes.length
    if (this.#restSize > this.#restLimit) {
      throw new CygnetError('too-large', `The notebook is larger than ${this.#restLimit} bytes.`, {
        mend: 'Clear the outputs of the cells that print most, and save again.',
      })
    }
    this.#rest.push(Buffer.from(bytes))
  }
}
