import { expect, test } from 'vitest'
import { createFrameWatcher } from './frame-watcher.ts'

function frame(opcode: number, length: number, isMasked: boolean): Buffer {
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8
  const head = Buffer.alloc(2 + extended + (isMasked ? 4 : 0))
  head[0] = 0x80 | opcode
  head[1] = (isMasked ? 0x80 : 0) | (extended === 0 ? length : extended === 2 ? 126 : 127)
  if (extended === 2) head.writeUInt16BE(length, 2)
  if (extended === 8) head.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([head, Buffer.alloc(length, 0x81)])
}

function count(pieces: Buffer[]): number {
  let messages = 0
  const watch = createFrameWatcher(() => {
    messages++
  })
  for (const piece of pieces) watch(piece)
  return messages
}

test.each([true, false])('pings, pongs and closes are no messages, texts and binaries are (masked: %s)', (isMasked) => {
  expect(count([frame(9, 0, isMasked), frame(10, 125, isMasked), frame(8, 2, isMasked)])).toBe(0)
  expect(count([frame(1, 5, isMasked), frame(2, 0, isMasked), frame(0, 70_000, isMasked)])).toBe(3)
})

test('a message is found wherever the buffers are cut', () => {
  const bytes = Buffer.concat([
    frame(9, 4, true),
    frame(2, 300, true),
    frame(10, 3, false),
    frame(1, 66_000, false),
    frame(9, 1, true),
  ])
  for (const [size, found] of [
    [1, 2],
    [2, 2],
    [3, 2],
    [7, 2],
    [64, 2],
    [100_000, 1],
  ] as const) {
    const pieces: Buffer[] = []
    for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size))
    expect(count(pieces)).toBe(found)
  }
})
