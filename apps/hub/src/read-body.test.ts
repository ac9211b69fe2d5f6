import { Readable } from 'node:stream'
import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { readJson } from './read-body.ts'

/** As it comes off the network: pieces, and no header that says more. */
function read(body: string): Promise<unknown> {
  const request = Object.assign(Readable.from([Buffer.from(body)]), { headers: {} })
  return readJson(request as unknown as IncomingMessage, 1024 * 1024)
}

test.each([
  ['{"a":1,"__proto__":{"b":2}}', { a: 1 }],
  ['{"a":[{"__proto__" :{"b":2},"c":3}]}', { a: [{ c: 3 }] }],
  ['{"__proto__":{"__proto__":1}}', {}],
  [String.raw`{"\u005f\u005Fpr\u006fto_\u005f":{"b":2},"a":1}`, { a: 1 }],
  [String.raw`{"a":"\u00e4","b":"__proto__:"}`, { a: 'ä', b: '__proto__:' }],
  ['[null,"__proto__",{"constructor":{"prototype":1}}]', [null, '__proto__', { constructor: { prototype: 1 } }]],
  ['"__proto__"', '__proto__'],
  [' ', undefined],
])('%s is read without a prototype', async (body, value) => {
  const result = await read(body)
  expect(result).toEqual(value)
  expect(JSON.stringify(result)).toBe(JSON.stringify(value))
})

test('a prototype is found at the bottom of a deep body', async () => {
  const depth = 100_000
  let value = await read(`${'['.repeat(depth)}{"__proto__":1,"a":2}${']'.repeat(depth)}`)
  while (Array.isArray(value)) value = value[0] as unknown
  expect(Object.getOwnPropertyNames(value)).toEqual(['a'])
})
