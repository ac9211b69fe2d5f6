import { parseConfig } from '@cygnet/core/config'
import { expect, test } from 'vitest'
import { createLimits, toOffers } from './limits.ts'

const machine = { cores: 6, memoryBytes: 25 * 2 ** 30 }

test('the machine bounds what can be chosen, and the configuration may bound it further', () => {
  expect(createLimits(parseConfig({}).servers, machine)).toMatchObject({
    cores: { default: 1, max: 6 },
    memoryGiB: { default: 2, max: 12.5 },
    startMilliseconds: 60_000,
    concurrentStarts: 12,
  })
  const { servers } = parseConfig({ servers: { cores: { default: 4, max: 2 }, memoryGiB: { max: 100 } } })
  expect(createLimits(servers, machine)).toMatchObject({
    cores: { default: 2, max: 2 },
    memoryGiB: { default: 2, max: 25 },
  })
  expect(createLimits(parseConfig({}).servers, { cores: 1, memoryBytes: 2 ** 29 })).toMatchObject({
    memoryGiB: { default: 0.5, max: 0.5 },
  })
})

test('offers double up to the maximum and hold the default', () => {
  expect(toOffers({ default: 1, max: 6 })).toEqual([1, 2, 4, 6])
  expect(toOffers({ default: 3, max: 12.5 })).toEqual([1, 2, 3, 4, 8, 12.5])
  expect(toOffers({ default: 0.5, max: 0.5 })).toEqual([0.5])
})
