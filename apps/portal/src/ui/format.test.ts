import { expect, test } from 'vitest'
import { count, formatDate, formatMemory, formatSize, formatWhen } from './format.ts'

test('a size has at most three digits and its unit', () => {
  expect([0, 999, 1000, 1234, 99_500, 999_499, 999_600, 12_345_678, 3.2e9].map(formatSize)).toEqual([
    '0 B',
    '999 B',
    '1.0 kB',
    '1.2 kB',
    '100 kB',
    '999 kB',
    '1.0 MB',
    '12 MB',
    '3.2 GB',
  ])
})

test('memory is counted in powers of 1024', () => {
  expect([2 ** 20 * 412, 2 ** 30 * 4, 2 ** 30 * 1.5, 2 ** 30 * 64].map(formatMemory)).toEqual([
    '412 MiB',
    '4 GiB',
    '1.5 GiB',
    '64 GiB',
  ])
})

test('what is recent is told by its age, what is old by its date', () => {
  const now = new Date('2026-11-23T12:00:00Z')
  const at = (iso: string) => formatWhen(iso, now)
  expect(at('2026-11-23T11:59:50Z')).toBe('just now')
  expect(at('2026-11-23T11:50:00Z')).toBe('10 minutes ago')
  expect(at('2026-11-23T09:00:00Z')).toBe('3 hours ago')
  expect(at('2026-11-22T09:00:00Z')).toBe('yesterday')
  expect(at('2026-03-02T12:00:00Z')).toBe('2 Mar')
  expect(at('2024-03-02T12:00:00Z')).toBe('2 Mar 2024')
  expect(at('nonsense')).toBe('')
  expect(formatDate('2027-01-02T12:00:00Z', now)).toBe('2 Jan 2027')
})

test('one is singular', () => {
  expect([count(1, 'file'), count(0, 'file'), count(2, 'entry', 'entries'), count(10_000, 'file')]).toEqual([
    '1 file',
    '0 files',
    '2 entries',
    '10,000 files',
  ])
})
