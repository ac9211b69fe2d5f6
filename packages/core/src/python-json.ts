import { createNonce } from './nonce.ts'

/**
 * JSON as Python's `json` module writes and reads it, for browser and server alike: with NaN, Infinity and -Infinity, and
 * with numbers that JavaScript would not give back as they were (docs.python.org/3/library/json.html).
 */

/** A number that stands in a text in a way that JavaScript would not write it: `NaN`, `1.0`, `-0.0`, `1e400`, `12345678901234567890`. */
export class ExactNumber {
  /** As it stood in the text. */
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  /** What plain JSON has for it: its digits, or null where JSON has no word for it, as `JSON.stringify(NaN)` has it. */
  toJSON(): unknown {
    if (/[NI]/.test(this.text)) return null
    return json.rawJSON?.(this.text) ?? Number(this.text)
  }
}

/** Deeper than this no value can be walked through with safety; Python's own limit was 1000 for long. */
const deepest = 2000

/**
 * The value of a JSON text. Numbers that would change are {@link ExactNumber}s, all else is as from `JSON.parse`.
 * @throws SyntaxError for what Python would not read either, and for what is nested more than 2000 levels deep
 */
export function parsePythonJson(text: string): unknown {
  return parseWith(text, isExact)
}

/**
 * As {@link parsePythonJson}, for what a client sends: there a number is an ordinary one, too, where it is written as JavaScript
 * does (0.00005, 1e-7), for JavaScript writes all its numbers so.
 * @throws SyntaxError
 */
export function parseClientJson(text: string): unknown {
  return parseWith(text, (token) => isExact(token) && (/[NI]/.test(token) || String(Number(token)) !== token))
}

function parseWith(text: string, isExactNumber: (token: string) => boolean): unknown {
  const found = findExactNumbers(text, isExactNumber)
  if (found.length === 0) return JSON.parse(text)
  const pieces: string[] = []
  let end = 0
  for (const { start, token } of found) {
    pieces.push(text.slice(end, start), `"${mark}${token}"`)
    end = start + token.length
  }
  pieces.push(text.slice(end))
  return withExactNumbers(parseMarked(pieces.join('')))
}

/** True where {@link parsePythonJson} would find an {@link ExactNumber}; much faster. */
export function hasExactNumbers(text: string): boolean {
  return findExactNumbers(text, isExact, 1).length > 0
}

/** As `JSON.stringify`, with the exact numbers as they stood; so the text may be JSON for Python only. */
export function stringifyPythonJson(value: unknown, indent?: number): string | undefined {
  const replacer = function (this: unknown, key: string, shown: unknown): unknown {
    const held = (this as Record<string, unknown>)[key]
    return held instanceof ExactNumber ? mark + held.text : shown
  }
  const text = JSON.stringify(value, replacer, indent) as string | undefined
  return text?.replaceAll(markedString, '$1')
}

/**
 * A number as Python writes it, or null where it is none that plain JSON has: a fraction below 0.0001 has an exponent of two digits or more, where JavaScript writes
 * 0.00001 and 1e-7.
 */
export function toPythonNumber(value: number): string {
  if (value === 0 || Math.abs(value) >= 1e-4) return Number.isFinite(value) ? String(value) : 'null'
  if (Number.isNaN(value)) return 'null'
  const [digits, exponent] = value.toExponential().split('e-')
  return `${digits}e-${exponent?.padStart(2, '0')}`
}

/** In the newer browsers and in Node 21, not in TypeScript's declarations yet. */
const json = JSON as typeof JSON & { rawJSON?(text: string): unknown }

/** Stands before an exact number while it travels as a string: nobody outside can know it. */
const mark = `exact-${createNonce()}:`
const markedString = new RegExp(`"${mark}([^"]*)"`, 'g')

function parseMarked(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw new SyntaxError(cause.message.replaceAll(markedString, '$1').replaceAll(mark, ''), { cause })
  }
}

/** Not by recursion, nor by a reviver, which would take ten times as long. */
function withExactNumbers(root: unknown): unknown {
  const top = [root]
  const open: unknown[] = [top]
  for (let held = open.pop(); held !== undefined; held = open.pop()) {
    const container = held as Record<string, unknown>
    for (const key of Object.keys(container)) {
      const value = container[key]
      if (typeof value === 'object' && value !== null) open.push(value)
      else if (typeof value === 'string' && value.startsWith(mark)) set(container, key, value)
    }
  }
  return top[0]
}

function set(container: Record<string, unknown>, key: string, marked: string): void {
  const value = new ExactNumber(marked.slice(mark.length))
  // A plain assignment to this name would set the prototype.
  if (key === '__proto__')
    Object.defineProperty(container, key, { value, configurable: true, enumerable: true, writable: true })
  else container[key] = value
}

interface Found {
  start: number
  token: string
}

const quote = 0x22
const backslash = 0x5c

/** Looks between the strings only: what is wrong with the text is for `JSON.parse` to say. */
function findExactNumbers(text: string, isExactNumber: (token: string) => boolean, limit = Infinity): Found[] {
  const found: Found[] = []
  let depth = 0
  for (let at = 0; at < text.length;) {
    const next = text.indexOf('"', at)
    const end = next === -1 ? text.length : next
    while (at < end) {
      const code = text.charCodeAt(at)
      if (code === 0x5b || code === 0x7b) {
        if (++depth > deepest) throw new SyntaxError(`it is nested more than ${deepest} levels deep`)
      } else if (code === 0x5d || code === 0x7d) depth--
      else if (startsNumber(code)) {
        const start = at
        while (at < end && isInNumber(text.charCodeAt(at))) at++
        const token = text.slice(start, at)
        if (isExactNumber(token)) {
          found.push({ start, token })
          if (found.length >= limit) return found
        }
        continue
      }
      at++
    }
    at = endOfString(text, end)
  }
  return found
}

/** The index after the string that begins at a quote. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let before = end - 1
    while (text.charCodeAt(before) === backslash) before--
    if ((end - before) % 2 === 1) return end + 1
  }
  return text.length
}

/** A digit, a minus, the N of NaN or the I of Infinity. */
function startsNumber(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || code === 0x2d || code === 0x4e || code === 0x49
}

/** Up to what may follow a value: white space, a comma, a bracket. */
function isInNumber(code: number): boolean {
  return code > 0x20 && code !== 0x2c && code !== 0x5d && code !== 0x7d && code !== quote
}

const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
/** Whole numbers and fractions as doubles are written: nearly all numbers, and told much faster than by conversion. */
const ordinary = /^(?:0|-?[1-9]\d{0,14}|-?(?:[1-9]\d{0,14}|0(?!\.0000))\.\d{0,18}[1-9])$/

function isExact(token: string): boolean {
  if (token.length <= 21 && ordinary.test(token)) return false
  if (token === 'NaN' || token === 'Infinity' || token === '-Infinity') return true
  return toPythonNumber(Number(token)) !== token && number.test(token)
}
