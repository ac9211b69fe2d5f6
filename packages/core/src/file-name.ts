import { isUtf8 } from 'node:buffer'

/** Stands before a byte, as in rclone; a character that hardly any name has. */
const mark = '\u201b'
const escapes = /\u201b([89A-F][0-9A-F])/g
/** The mark itself, where what follows would make it look like an escape. */
const lookalike = /\u201b(?=[89A-F][0-9A-F])/g
const markEscaped = toEscapes(Buffer.from(mark))

/**
 * A file's name as text, or a whole path. Names on a disk are bytes, and some are no UTF-8, such as those of an old archive: each
 * byte that is none becomes `‛` (U+201B) and two capital hexadecimal digits, `caf‛E9.txt` for the bytes `caf\xe9.txt`. Every other
 * name is its own text. No two names have the same text, and {@link toFileBytes} has the way back.
 */
export function toFileName(bytes: Uint8Array): string {
  if (isUtf8(bytes))
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString().replace(lookalike, markEscaped)
  const parts: string[] = []
  let valid = 0
  for (let at = 0; at < bytes.length;) {
    const next = at + lengthOfCharacter(bytes[at] ?? 0)
    if (next <= bytes.length && isUtf8(bytes.subarray(at, next))) {
      at = next
      continue
    }
    parts.push(toFileName(bytes.subarray(valid, at)), toEscapes(bytes.subarray(at, at + 1)))
    at += 1
    valid = at
  }
  parts.push(toFileName(bytes.subarray(valid)))
  return parts.join('')
}

/** The bytes of a name or path. */
export function toFileBytes(name: string): Buffer {
  if (!name.includes(mark)) return Buffer.from(name)
  const parts = name.split(escapes)
  // Every second part is what the expression captured.
  return Buffer.concat(parts.map((part, index) => Buffer.from(part, index % 2 === 0 ? 'utf8' : 'hex')))
}

/** What Node's functions take for a name or path: as it is wherever that is right. */
export function toFilePath(path: string): string | Buffer {
  return path.includes(mark) ? toFileBytes(path) : path
}

/** The one text of the name that this means: `‛C3‛A9` are the bytes of `é`, which is written so. */
export function toOneName(name: string): string {
  return name.includes(mark) ? toFileName(toFileBytes(name)) : name
}

function toEscapes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => mark + byte.toString(16).toUpperCase()).join('')
}

function lengthOfCharacter(first: number): number {
  if (first < 0x80) return 1
  if (first < 0xe0) return 2
  return first < 0xf0 ? 3 : 4
}
