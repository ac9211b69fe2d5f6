import { combineRanges, parse } from 'range-parser'

export type Range = { kind: 'whole' } | { kind: 'part'; start: number; end: number } | { kind: 'unsatisfiable' }

/** Ranges in one header at most; more is an attack (CVE-2011-3192). */
const mostRanges = 20
const invalid = 1

/**
 * Reads a Range header (RFC 9110, section 14). Several ranges that touch or overlap are one; those that do not are
 * refused, as answers of several parts are not given. What is no range of bytes at all is passed over, as the RFC says.
 *
 * @returns `end` is the first byte that does not belong to it
 */
export function parseRange(header: string | undefined, size: number): Range {
  if (header === undefined) return { kind: 'whole' }
  if (header.split(',', mostRanges + 1).length > mostRanges) return { kind: 'unsatisfiable' }
  const { code, type, ranges } = parse(size, header)
  if (type.trim() !== 'bytes' || (code & invalid) !== 0) return { kind: 'whole' }
  const [first, ...others] = combineRanges(ranges)
  if (first === undefined || others.length > 0) return { kind: 'unsatisfiable' }
  return { kind: 'part', start: first.start, end: first.end + 1 }
}
