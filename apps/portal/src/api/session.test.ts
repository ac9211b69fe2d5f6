import { expect, test } from 'vitest'
import { parseNext } from './session.ts'

const parse = (next: string) => parseNext(next, 'https://cygnet.example')

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
