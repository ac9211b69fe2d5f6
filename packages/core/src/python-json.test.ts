import { expect, test } from 'vitest'
import {
  ExactNumber,
  hasExactNumbers,
  parseClientJson,
  parsePythonJson,
  stringifyPythonJson,
  toPythonNumber,
} from './python-json.ts'

const exact = [
  'NaN',
  'Infinity',
  '-Infinity',
  '1.0',
  '-0.0',
  '-0',
  '1e400',
  '1E5',
  '12345678901234567890',
  '0.10',
  '1e-7',
]

test.each(exact)('%s is kept as it stands', (token) => {
  const text = `{"a":[${token},"NaN",{"b":${token}}],"c":1}`
  expect(hasExactNumbers(text)).toBe(true)
  const value = parsePythonJson(text)
  expect(value).toEqual({ a: [new ExactNumber(token), 'NaN', { b: new ExactNumber(token) }], c: 1 })
  expect(stringifyPythonJson(value)).toBe(text)
})

test.each(['0', '-1', '0.1', '123456789012345', '-12.5', '0.30000000000000004', '1e-05', '1.5e+300'])(
  '%s is an ordinary number',
  (token) => {
    expect(hasExactNumbers(`[${token}]`)).toBe(false)
    expect(parsePythonJson(`[${token}]`)).toEqual([Number(token)])
    expect(toPythonNumber(Number(token))).toBe(token)
  },
)

test.each(['1e-7', '3.2e-9', '0.00005', '-0.00001', '1e+22', '10000000000000000', '1.2345678901234568e+29'])(
  '%s from a client is an ordinary number',
  (token) => {
    expect(parseClientJson(`[NaN,${token},1.0]`)).toEqual([
      new ExactNumber('NaN'),
      Number(token),
      new ExactNumber('1.0'),
    ])
  },
)

test.each(exact.filter((token) => token !== '1e-7'))('%s from a client is kept as it stands', (token) => {
  expect(parseClientJson(`[${token}]`)).toEqual([new ExactNumber(token)])
})

test('clients are sent plain JSON', () => {
  const value = parsePythonJson(`[${exact.join(',')}]`)
  const sent = JSON.stringify(value)
  expect(sent).toBe('[null,null,null,1.0,-0.0,-0,1e400,1E5,12345678901234567890,0.10,1e-7]')
  expect(() => JSON.parse(sent) as unknown).not.toThrow()
})

test.each([
  '',
  '{',
  'NaN,',
  '[NaNa]',
  '[-NaN]',
  '[nan]',
  '[1.]',
  '[01.0]',
  '{"a":NaN',
  '[NaN,,1]',
  '"NaN',
  '["\\"NaN]',
  '[+Infinity]',
  '{NaN:1}',
])('what is no JSON for Python either is refused: %s', (text) => {
  expect(() => parsePythonJson(text)).toThrow(SyntaxError)
})

test('strings are left alone, whatever is in them', () => {
  const text = String.raw`["\\", "1.0 NaN", "\\\"NaN", ", Infinity,", "\ud800", "[[[", 1]`
  expect(parsePythonJson(text)).toEqual(JSON.parse(text))
  expect(parsePythonJson(text.replace(', 1]', ', 1.0]'))).toEqual([
    ...(JSON.parse(text) as unknown[]).slice(0, -1),
    new ExactNumber('1.0'),
  ])
})

test('keys that JavaScript reserves are keys', () => {
  const text = '{"__proto__":NaN,"constructor":{"__proto__":1.0}}'
  expect(stringifyPythonJson(parsePythonJson(text))).toBe(text)
})

test('what is nested too deep is refused, at 2000 levels it is read', () => {
  const nested = (levels: number): string => `${'['.repeat(levels)}NaN${']'.repeat(levels)}`
  expect(stringifyPythonJson(parsePythonJson(nested(2000)))).toBe(nested(2000))
  expect(() => parsePythonJson(nested(2001))).toThrow('nested more than 2000 levels deep')
})
