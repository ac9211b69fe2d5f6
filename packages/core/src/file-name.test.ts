import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { toFileBytes, toFileName, toFilePath, toOneName } from './file-name.ts'

test.each([
  ['caf\xe9.txt', 'caf‛E9.txt'],
  ['\x80', '‛80'],
  ['a\xff\xfe/b\xc3', 'a‛FF‛FE/b‛C3'],
  // Half a character, a character that is written too long, and half of a pair.
  ['\xe2\x82', '‛E2‛82'],
  ['\xc0\xaf', '‛C0‛AF'],
  ['\xed\xa0\x80', '‛ED‛A0‛80'],
  ['\xf5\x80\x80\x80', '‛F5‛80‛80‛80'],
])('bytes that are no UTF-8 are escaped: %j', (bytes, text) => {
  expect(toFileName(Buffer.from(bytes, 'latin1'))).toBe(text)
  expect(toFileBytes(text).toString('latin1')).toBe(bytes)
})

test.each([
  'plain.txt',
  '100%.csv',
  'zürich',
  'zu\u0308rich',
  ' a \n\t',
  '☃😀',
  '‛',
  'rock ‛n’ roll',
  '‛‛',
  '‛e9',
  '‛7F',
  '�',
])('a name in UTF-8 is its own text: %j', (name) => {
  expect(toFileName(Buffer.from(name))).toBe(name)
  expect(toFilePath(name).toString()).toBe(name)
})

test('a name that looks escaped has another text than the one it looks like', () => {
  expect(toFileName(Buffer.from('caf‛E9'))).toBe('caf‛E2‛80‛9BE9')
  expect(toFileBytes('caf‛E2‛80‛9BE9').toString()).toBe('caf‛E9')
})

test('each name has one text, and each text is of one name', () => {
  expect(toOneName('‛C3‛A9')).toBe('é')
  const seen = new Map<string, string>()
  const samples = ['‛', 'E', '9', '‛E9', 'é', 'a'].map((text) => Buffer.from(text))
  for (let count = 0; count < 2000; count++) {
    const parts = Array.from(randomBytes(4), (byte) =>
      byte < 200 ? samples[byte % samples.length] : Buffer.from([byte]),
    )
    const bytes = Buffer.concat(parts.filter((part) => part !== undefined))
    const text = toFileName(bytes)
    expect(text.isWellFormed()).toBe(true)
    expect(toFileBytes(text).equals(bytes)).toBe(true)
    expect(toOneName(text)).toBe(text)
    expect(seen.get(text) ?? bytes.toString('hex')).toBe(bytes.toString('hex'))
    seen.set(text, bytes.toString('hex'))
  }
})
