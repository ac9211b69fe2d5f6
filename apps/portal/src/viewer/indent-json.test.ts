import { expect, test } from 'vitest'
import { toIndentedJson } from './indent-json.ts'

test('a value has lines and indents, unless it is too deep', () => {
  expect(toIndentedJson({ a: [1] })).toBe('{\n  "a": [\n    1\n  ]\n}')
  expect(toIndentedJson(JSON.parse('['.repeat(3_000) + ']'.repeat(3_000)))).toBeUndefined()
  expect(toIndentedJson(JSON.parse(`${'['.repeat(2_000)}${'1,'.repeat(400_000)}1${']'.repeat(2_000)}`))).toBeUndefined()
})

test('a hundred thousand levels are no error', () => {
  const deep = JSON.parse('{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000)) as unknown
  expect(toIndentedJson(deep)).toBeUndefined()
})
