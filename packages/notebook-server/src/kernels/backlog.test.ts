import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
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

let ready = Promise.withResolvers<void>()
function open(memoryBytes: number, place = folder): Backlog {
  return createBacklog({ memoryBytes, totalBytes: 1e9, folder: place }, () => {
    ready.resolve()
    ready = Promise.withResolvers()
  })
}

/** Undefined once there is nothing any more. */
async function take(backlog: Backlog): Promise<KernelMessage | undefined> {
  for (;;) {
    const { promise } = ready
    const message = backlog.shift()
    if (message !== undefined || backlog.isEmpty) return message
    await promise
  }
}

async function drain(backlog: Backlog): Promise<unknown[]> {
  const numbers = []
  for (let message = await take(backlog); message !== undefined; message = await take(backlog))
    numbers.push(numberOf(message))
  return numbers
}

/** Gives what is on its way to the disk time to arrive; nothing depends on how much of it does. */
async function write(): Promise<void> {
  await writeFile(join(folder, 'other'), 'x')
  await rm(join(folder, 'other'))
}

test('keeps the order through memory and disk, however it is filled and emptied', async () => {
  const backlog = open(100_000)
  let pushed = 0
  let shifted = 0
  for (let round = 1; round < 400; round++) {
    for (let count = 0; count < (round * 7919) % 97; count++) backlog.push(output(pushed++))
    await write()
    for (let count = 0; count < (round * 104_729) % 89; count++) {
      const message = await take(backlog)
      if (message !== undefined) expect(numberOf(message)).toBe(shifted++)
    }
  }
  expect(await drain(backlog)).toEqual(Array.from({ length: pushed - shifted }, (_, index) => shifted + index))
  expect(backlog.isEmpty).toBe(true)
  expect(await readdir(folder)).toEqual([])
})

test('a message larger than everything else goes through', async () => {
  const backlog = open(10_000)
  backlog.push(output(0))
  backlog.push(output(1, 40_000_000))
  backlog.push(output(2))
  await write()
  expect(await drain(backlog)).toEqual([0, 1, 2])
})

test('drops output on a disk that cannot be written, says so, and keeps states', async () => {
  const backlog = open(100_000, '/proc/self/no-such-folder')
  for (let number = 0; number < 500; number++) {
    backlog.push(output(number))
    await write()
  }
  backlog.push(createMessage('iopub', 'status', { execution_state: 'idle', number: 'state' }))
  const kept = await drain(backlog)
  expect(kept.at(-1)).toBe('state')
  expect(kept.at(-2)).toBeUndefined()
  expect(kept.slice(0, -2)).toEqual(Array.from({ length: kept.length - 2 }, (_, index) => index))
  expect(kept.length).toBeLessThan(450)
  backlog.push(output(7))
  expect(await drain(backlog)).toEqual([7])
})

test('drops output for a disk that takes nothing, says so, and never waits for it', async () => {
  const backlog = open(100_000)
  // All in one turn: nothing can be written meanwhile.
  for (let number = 0; number < 5000; number++) backlog.push(output(number))
  const kept = await drain(backlog)
  expect(kept.at(-1)).toBeUndefined()
  expect(kept.slice(0, -1)).toEqual(Array.from({ length: kept.length - 1 }, (_, index) => index))
  expect(kept.length).toBeLessThan(2000)
})
