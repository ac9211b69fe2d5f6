import { pino } from 'pino'
import { expect, test } from 'vitest'
import { createFailureLog } from './failure-log.ts'

test('a server that fails all the time gets one short line a minute, others theirs', () => {
  const written: string[] = []
  let now = 0
  const failed = createFailureLog(
    pino({ base: null, timestamp: false }, { write: (line: string) => void written.push(line) }),
    () => now,
  )
  for (let count = 0; count < 1000; count++) failed('ada', new Error('x'.repeat(10_000)))
  failed('bob', new Error('no HTTP'))
  now = 59_999
  failed('ada', undefined)
  now = 60_000
  failed('ada', undefined)

  const message = 'A server did not answer.'
  expect(written.map((line) => JSON.parse(line) as unknown)).toEqual([
    { level: 30, user: 'ada', reason: 'x'.repeat(200), suppressed: 0, msg: message },
    { level: 30, user: 'bob', reason: 'no HTTP', suppressed: 0, msg: message },
    { level: 30, user: 'ada', reason: 'undefined', suppressed: 1000, msg: message },
  ])
})
