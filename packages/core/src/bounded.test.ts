import { expect, test } from 'vitest'
import { createBounded, createBoundedByKey } from './bounded.ts'
import { createQuota } from './quota.ts'

const refusal = 'Too much at once.'

test('what is beyond the bound waits its turn, and what is beyond that is turned away', async () => {
  const bounded = createBounded({ running: 1, waiting: 2, refusal })
  const gate = Promise.withResolvers<void>()
  const order: number[] = []
  const run = (number: number, signal?: AbortSignal) =>
    bounded(async () => {
      order.push(number)
      await gate.promise
    }, signal)
  const leaving = new AbortController()
  const tasks = [run(1), run(2, leaving.signal), run(3)]
  await expect(run(4)).rejects.toMatchObject({ code: 'unavailable', message: refusal })
  leaving.abort(new Error('left'))
  await expect(tasks[1]).rejects.toThrow('left')
  expect(order).toEqual([1])
  gate.resolve()
  await Promise.all([tasks[0], tasks[2]])
  expect(order).toEqual([1, 3])
})

test('one key does not wait for another', async () => {
  const bounded = createBoundedByKey({ running: 1, waiting: 0, refusal })
  const gate = Promise.withResolvers<void>()
  const first = bounded('ann', () => gate.promise)
  await expect(bounded('ann', async () => undefined)).rejects.toMatchObject({ code: 'unavailable' })
  expect(await bounded('bob', async () => 'done')).toBe('done')
  gate.resolve()
  await first
  expect(await bounded('ann', async () => 'done')).toBe('done')
})

test('a quota is each key’s own, and comes back once', () => {
  const quota = createQuota({ most: 2, refusal })
  const places = [quota('ann'), quota('ann')]
  expect(() => quota('ann')).toThrow(expect.objectContaining({ code: 'rate-limited', retryAfter: 2 }) as Error)
  quota('bob')[Symbol.dispose]()
  for (let count = 0; count < 2; count++) places[0]?.[Symbol.dispose]()
  places.push(quota('ann'))
  expect(() => quota('ann')).toThrow(refusal)
})
