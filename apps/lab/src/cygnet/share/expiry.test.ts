import { expect, test } from 'vitest'
import { describeExpiry, toDateValue, toExpiryTime } from './expiry.ts'

const now = new Date(2026, 10, 23, 10, 30)

test('a link ends never, after some days, or when a day is over', () => {
  expect(toExpiryTime('never', '', now)).toBeNull()
  expect(toExpiryTime('day', '', now)).toBe(new Date(2026, 10, 24, 10, 30).toISOString())
  expect(toExpiryTime('week', '', now)).toBe(new Date(2026, 10, 30, 10, 30).toISOString())
  expect(toExpiryTime('date', '2026-12-01', now)).toBe(new Date(2026, 11, 1, 23, 59, 59).toISOString())
})

test('a date field shows the day as it is here', () => {
  expect(toDateValue(new Date(2026, 0, 2, 23, 59))).toBe('2026-01-02')
  expect(toDateValue(new Date(toExpiryTime('date', '2026-12-01', now) ?? ''))).toBe('2026-12-01')
})

test('what has expired is told from what will', () => {
  expect(describeExpiry(null, now)).toBe('Never expires')
  expect(describeExpiry(new Date(2026, 10, 24).toISOString(), now)).toMatch(/^Expires on /)
  expect(describeExpiry(new Date(2026, 10, 22).toISOString(), now)).toMatch(/^Expired on /)
})
