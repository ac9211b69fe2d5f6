import { expect, test } from 'vitest'
import { parseTarget, withoutCredentials } from './request-target.ts'

test.each([
  ['/user/ada/', 'ada', '/user/ada/', ''],
  ['/user/ada/api/status?a=1', 'ada', '/user/ada/api/status', '?a=1'],
  ['/user/ada/api/contents/a%20b.ipynb', 'ada', '/user/ada/api/contents/a%20b.ipynb', ''],
  ['/user/ada/files/.hidden', 'ada', '/user/ada/files/.hidden', ''],
  ['/user/ada/files/..x/...', 'ada', '/user/ada/files/..x/...', ''],
  ['/user/ada//api', 'ada', '/user/ada//api', ''],
  ['/user/%61da/api', 'ada', '/user/ada/api', ''],
  ['/user/ada%40cern.ch/api', 'ada@cern.ch', '/user/ada@cern.ch/api', ''],
  ['/user/ada/a%2Fb', 'ada', '/user/ada/a%2Fb', ''],
  ['http://elsewhere.example/user/ada/api?x', 'ada', '/user/ada/api', '?x'],
  ['/user/ada/x?next=/user/bob/../..', 'ada', '/user/ada/x', '?next=/user/bob/../..'],
])('%s is a place of %s', (url, name, path, search) => {
  expect(parseTarget(url)).toEqual({ kind: 'server', name, path, search })
})

test.each([
  '/user/ada/../bob/',
  '/user/ada/..',
  '/user/ada/./api',
  '/user/ada/%2e%2e/bob/',
  '/user/ada/%2E./bob/',
  '/user/ada/..%2fbob/',
  '/user/ada/..%5cbob/',
  '/user/ada/x\\..\\..\\bob',
  '/user/ada/%',
  '/user/ada/%ff',
  '/user/Ada/',
  '/user/ADA/api',
  '/user/../ada/',
  '/user//ada/',
  '/user/%2fbob/',
  '/user/ada%2f..%2fbob/',
  '/user/ada%00/',
  '/user/.ada/',
  '/user/',
  `/user/${'a'.repeat(300)}/`,
])('%s leads nowhere', (url) => {
  expect(parseTarget(url)).toMatchObject({ kind: 'invalid' })
})

test.each([
  '//user/ada/',
  '/User/ada/',
  '/%75ser/ada/',
  '/user%2fada/',
  '/hub/../user/ada/',
  '*',
  '',
  'ada',
  '/userx/ada/',
])('%s is no place below /user/', (url) => {
  expect(parseTarget(url)).toEqual({ kind: 'other' })
})

test('a path without the slash at its end is told apart', () => {
  expect(parseTarget('/user/ada?x=1')).toEqual({ kind: 'bare', name: 'ada', search: '?x=1' })
})

test.each([
  ['', ''],
  ['?', ''],
  ['?token=secret', ''],
  ['?a=1&token=secret&b=2', '?a=1&b=2'],
  ['?%74oken=secret&b', '?b'],
  ['?token&_xsrf=1&tokens=1', '?tokens=1'],
  ['?a=%2&b=%ff', '?a=%2&b=%ff'],
])('the query %s goes on as %s', (search, kept) => {
  expect(withoutCredentials(search)).toBe(kept)
})

test('a long path of many components is read at once', () => {
  expect(parseTarget(`/user/ada/${'a/'.repeat(20_000)}!"`)).toMatchObject({ kind: 'server' })
  expect(parseTarget(`/user/${'a.'.repeat(20_000)}/`)).toMatchObject({ kind: 'invalid' })
})
