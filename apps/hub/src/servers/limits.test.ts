import { parseConfig } from '@cygnet/core/config'
import { expect, test } from 'vitest'
import { createLimits, describeClamping, toOffers } from './limits.ts'

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

test('what is configured and cannot be given is said', () => {
  const describe = (servers: object) => describeClamping(parseConfig({ servers }).servers, machine)
  expect(describe({})).toEqual([])
  expect(describe({ cores: { default: 6, max: 6 }, memoryGiB: { default: 12.5, max: 25 } })).toEqual([])
  expect(describe({ cores: { default: 8 }, memoryGiB: { default: 16, max: 64 } })).toEqual([
    'servers.cores.default is 8, and the most that users may pick here is 6: servers get 6 unless their user picks less.',
    'servers.memoryGiB.max is 64, and this machine has 25: users may pick 25.',
  ])
  expect(describe({ cores: { default: 4, max: 2 } })).toEqual([
    'servers.cores.default is 4, and servers.cores.max is 2: servers get 2 unless their user picks less.',
  ])
})
