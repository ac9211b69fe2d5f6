import { expect, test, vi } from 'vitest'
import { systemClock } from './clock.ts'

test('a time that lies further away than a timer reaches is waited for all the same', () => {
  vi.useFakeTimers()
  try {
    const day = 86_400_000
    const times: number[] = []
    const note = (): void => void times.push(Date.now())
    const start = Date.now()
    systemClock.at(start + 100 * day, note)
    const takeBack = systemClock.at(start + 60 * day, note)
    systemClock.at(Number.POSITIVE_INFINITY, note)
    systemClock.at(start - day, note)
    vi.advanceTimersByTime(59 * day)
    expect(times).toEqual([start])
    takeBack()
    vi.advanceTimersByTime(60 * day)
    expect(times).toEqual([start, start + 100 * day])
  } finally {
    vi.useRealTimers()
  }
})
