import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createBacklog, type Backlog } from './backlog.ts'
import { createMessage, parseObject, type KernelMessage } from './kernel-message.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nbs-backlog-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

function output(number: number, bytes = 1000): KernelMessage {
  return createMessage('iopub', 'stream', { number, text: 'x'.repeat(bytes) })
}

function numberOf(message: KernelMessage | undefined): unknown {
  return parseObject(message?.frames[3])['number']
}

function drain(backlog: Backlog): unknown[] {
  const numbers = []
  for (let message = backlog.shift(); message !== undefined; message = backlog.shift()) numbers.push(numberOf(message))
  return numbers
}

test('keeps the order through memory and disk, however it is filled and emptied', async () => {
  const backlog = createBacklog({ memoryBytes: 100_000, totalBytes: 1e9, folder })
  let pushed = 0
  let shifted = 0
  for (let round = 1; round < 400; round++) {
    for (let count = 0; count < (round * 7919) % 97; count++) backlog.push(output(pushed++))
    for (let count = 0; count < (round * 104_729) % 89; count++) {
      const message = backlog.shift()
      if (message !== undefined) expect(numberOf(message)).toBe(shifted++)
    }
  }
  expect(drain(backlog)).toEqual(Array.from({ length: pushed - shifted }, (_, index) => shifted + index))
  expect(backlog.isEmpty).toBe(true)
  expect(await readdir(folder)).toEqual([])
})

test('a message larger than everything else goes through', () => {
  const backlog = createBacklog({ memoryBytes: 10_000, totalBytes: 1e9, folder })
  backlog.push(output(0))
  backlog.push(output(1, 40_000_000))
  backlog.push(output(2))
  expect(drain(backlog)).toEqual([0, 1, 2])
})

test('drops output on a disk that cannot be written, says so, and keeps states', () => {
  const backlog = createBacklog({ memoryBytes: 100_000, totalBytes: 1e9, folder: '/proc/self/no-such-folder' })
  for (let number = 0; number < 500; number++) backlog.push(output(number))
  backlog.push(createMessage('iopub', 'status', { execution_state: 'idle', number: 'state' }))
  const kept = drain(backlog)
  expect(kept.at(-1)).toBe('state')
  expect(kept.at(-2)).toBeUndefined()
  expect(kept.slice(0, -2)).toEqual(Array.from({ length: kept.length - 2 }, (_, index) => index))
  expect(kept.length).toBeLessThan(250)
  backlog.push(output(7))
  expect(drain(backlog)).toEqual([7])
})
