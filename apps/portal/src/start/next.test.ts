import { expect, test } from 'vitest'
import { parseNext } from './next.ts'

const origin = 'https://cygnet.example'
const parse = (next: string, basePath = '/') => parseNext(next, { origin, basePath })

test('a next that stays on the service is kept', () => {
  expect(parse('/user/ada/lab/tree/a b.ipynb?x=1#y')).toBe('/user/ada/lab/tree/a%20b.ipynb?x=1#y')
  expect(parse('/')).toBe('/')
})

test('a next that leads elsewhere is dropped', () => {
  for (const next of [
    '',
    'files',
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '/.//evil.example',
    '/x/..//evil.example',
    'https://evil.example',
    'javascript:alert(1)',
    ' //evil.example',
  ])
    expect(parse(next), next).toBeUndefined()
})

test('a next stays below the path of the service, with it or without', () => {
  expect(parse('/lab/user/ada/lab?x', '/lab/')).toBe('/lab/user/ada/lab?x')
  expect(parse('/user/ada/lab?x', '/lab/')).toBe('/lab/user/ada/lab?x')
  expect(parse('/lab/', '/lab/')).toBe('/lab/')
  expect(parse('/lab/../other/', '/lab/')).toBe('/lab/other/')
  expect(parse('/other/', '/lab/')).toBe('/lab/other/')
  expect(parse('/lab//evil.example', '/lab/')).toBeUndefined()
})
