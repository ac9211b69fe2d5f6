import { expect, test } from 'vitest'
import { parseAnsi } from './ansi.ts'

const text = (source: string) =>
  parseAnsi(source)
    .map((run) => run.text)
    .join('')

test('colours and weights begin and end', () => {
  expect(parseAnsi('a\u001b[1;31mb\u001b[0mc')).toEqual([
    { text: 'a' },
    { text: 'b', bold: true, foreground: 1 },
    { text: 'c' },
  ])
  expect(parseAnsi('\u001b[38;5;196mx\u001b[48;2;1;2;3my')).toEqual([
    { text: 'x', foreground: '255,0,0' },
    { text: 'y', foreground: '255,0,0', background: '1,2,3' },
  ])
  expect(parseAnsi('\u001b[92mx\u001b[39my\u001b[7mz')).toEqual([
    { text: 'x', foreground: 10 },
    { text: 'y' },
    { text: 'z', foreground: 7, background: 0 },
  ])
})

test('a progress bar shows its last state', () => {
  expect(text('  0%|   |\r 50%|██ |\r100%|███|\ndone')).toBe('100%|███|\ndone')
  expect(text('longer line\rshort')).toBe('short' + 'longer line'.slice(5))
  expect(text('a\r\nb')).toBe('a\nb')
  expect(text('abc\b\bd')).toBe('ad')
})

test('other sequences are left out, hostile ones too', () => {
  expect(text('\u001b]8;;javascript:alert(1)\u0007click\u001b]8;;\u0007')).toBe('click')
  expect(text('\u001b[2J\u001b[10;20Hx')).toBe('x')
  expect(text('\u001b[999999999999mx')).toBe('x')
})

test('a million characters that steer are read in no time', () => {
  const million = 1_000_000
  expect(text('\r'.repeat(million))).toBe('')
  expect(text(`${'a'.repeat(million)}${'\rb'.repeat(million / 2)}`)).toBe(`b${'a'.repeat(million - 1)}`)
  expect(text(`\u001b[${'38;'.repeat(million / 4)}mx`)).toBe('x')
  expect(text('\u001b[1m'.repeat(million / 4) + 'x')).toBe('x')
})
