export type Range = { kind: 'whole' } | { kind: 'part'; start: number; end: number } | { kind: 'unsatisfiable' }

/** Ranges in one header at most; more is an attack (CVE-2011-3192). */
const mostRanges = 20
const whole: Range = { kind: 'whole' }

/**
 * Reads a Range header (RFC 9110, section 14). Several ranges that touch or overlap are one; those that do not are
 * refused, as answers of several parts are not given. What is no range of bytes at all is passed over, as the RFC says.
 *
 * @returns `end` is the first byte that does not belong to it
 */
export function parseRange(header: string | undefined, size: number): Range {
  const list = /^bytes\s*=(.+)$/i.exec(header?.trim() ?? '')?.[1]
  if (list === undefined) return whole
  const items = list.split(',')
  if (items.length > mostRanges) return { kind: 'unsatisfiable' }
  const parts: Array<{ start: number; end: number }> = []
  for (const item of items) {
    const [, first = '', last = ''] = /^\s*(\d{0,15})-(\d{0,15})\s*$/.exec(item) ?? []
    if (first === '' && last === '') return whole
    if (first !== '' && last !== '' && Number(last) < Number(first)) return whole
    const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
    const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1)
    if (start < end) parts.push({ start, end })
  }
  return join(parts)
}

function join(parts: Array<{ start: number; end: number }>): Range {
  const [first, ...rest] = parts.toSorted((left, right) => left.start - right.start)
  if (first === undefined) return { kind: 'unsatisfiable' }
  let { end } = first
  for (const part of rest) {
    if (part.start > end) return { kind: 'unsatisfiable' }
    end = Math.max(end, part.end)
  }
  return { kind: 'part', start: first.start, end }
}
