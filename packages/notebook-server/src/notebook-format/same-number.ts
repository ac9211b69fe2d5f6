import { toPythonNumber, type ExactNumber } from '@cygnet/core/python-json'

/**
 * True where a client may have sent `sent` for the file's `stored`: the number is the same, however it is written. A client that
 * sends plain numbers knows doubles only, and no difference between 1 and 1.0; any other says what it means.
 */
export function isSameNumber(sent: number | ExactNumber, stored: number | ExactNumber): boolean {
  const double = toDouble(stored)
  if (typeof sent === 'number') return sent === double
  const before = typeof stored === 'number' ? toPythonNumber(stored) : stored.text
  // A client that knows doubles and infinity reads 1e400 as that.
  if (sent.text === before || sent.text === String(double)) return true
  return toDouble(sent) === double && isSameDecimal(sent.text, before)
}

function toDouble(value: number | ExactNumber): number {
  return typeof value === 'number' ? value : Number(value.text)
}

function isSameDecimal(left: string, right: string): boolean {
  const one = toDecimal(left)
  const other = toDecimal(right)
  if (one === undefined || other === undefined) return false
  return (
    one.isWhole === other.isWhole && one.sign === other.sign && one.digits === other.digits && one.power === other.power
  )
}

interface Decimal {
  /** Written without a point and without an exponent: an integer for Python. */
  isWhole: boolean
  sign: string
  /** Without zeros at either end. */
  digits: string
  /** Of ten, for the last digit. */
  power: number
}

const form = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,9}))?$/

function toDecimal(text: string): Decimal | undefined {
  const match = form.exec(text)
  if (match === null) return undefined
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match
  const all = whole + fraction
  let start = 0
  let end = all.length
  while (start < end && all[start] === '0') start++
  while (end > start && all[end - 1] === '0') end--
  const digits = all.slice(start, end)
  const power = digits === '' ? 0 : Number(exponent) - fraction.length + all.length - end
  return { isWhole: match[3] === undefined && match[4] === undefined, sign, digits, power }
}
