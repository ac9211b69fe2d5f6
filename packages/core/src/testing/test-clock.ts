import type { Clock } from '../clock.ts'

/** A clock that shows the system's time until it is moved. */
export interface TestClock extends Clock {
  /** Lets seconds pass at once, with what is due in them. */
  pass: (seconds: number) => void
}

export function createTestClock(): TestClock {
  let passed = 0
  const waiting = new Set<{ time: number; callback: () => void }>()
  const now = (): number => Date.now() + passed
  return {
    now,
    at(time, callback) {
      const one = { time, callback }
      waiting.add(one)
      return () => waiting.delete(one)
    },
    pass(seconds) {
      passed += seconds * 1000
      const due = [...waiting].filter(({ time }) => time <= now()).toSorted((a, b) => a.time - b.time)
      for (const one of due) if (waiting.delete(one)) one.callback()
    },
  }
}
