import { expect, test } from 'vitest'
import { describeExit } from './exit-reason.ts'

test('every way to end is told, and a stop that was asked for is not', () => {
  expect(describeExit({ kind: 'stopped' })).toBeNull()
  expect(describeExit({ kind: 'out-of-memory', limit: 3 * 2 ** 29 })).toContain('used all of its 1.5 GiB')
  expect(describeExit({ kind: 'exit', code: 3, signal: null })).toContain('exit code 3')
  expect(describeExit({ kind: 'exit', code: null, signal: 'SIGSEGV' })).toContain('SIGSEGV')
  expect(describeExit({ kind: 'share-held' })).toContain('no longer shared')
  expect(describeExit({ kind: 'unknown' })).toContain('nothing tells why')
})
