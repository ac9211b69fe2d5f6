import { expect, test } from 'vitest'
import { confineCookie, withoutHubCookies } from './cookies.ts'

const hub = new Set(['cygnet-session', '_xsrf'])

test.each([
  ['cygnet-session=a; theme=dark; _xsrf=b', 'theme=dark'],
  ['theme=dark;cygnet-session=a', 'theme=dark'],
  ['cygnet-session=a; cygnet-session=b', undefined],
  [' cygnet-session =a', undefined],
  ['cygnet-session', undefined],
  ['cygnet-session-x=1; x="a=b"', 'cygnet-session-x=1; x="a=b"'],
])('%s goes on as %s', (cookie, kept) => {
  expect(withoutHubCookies(cookie, hub)).toBe(kept)
})

test.each([
  ['a=1', 'a=1; Path=/user/ada/'],
  ['a=1; Path=/', 'a=1; Path=/user/ada/'],
  ['a=1; path=/user/ada/lab; HttpOnly', 'a=1; HttpOnly; Path=/user/ada/lab'],
  ['a=1; Path=/user/ada/../bob', 'a=1; Path=/user/ada/'],
  ['a=1; Path=/user/bob/; Domain=example.org; Secure', 'a=1; Secure; Path=/user/ada/'],
  ['a=1; PATH = /user/ada/x; Path=/', 'a=1; Path=/user/ada/'],
  ['cygnet-session=x; Path=/', undefined],
  [' _xsrf =x', undefined],
  ['_xsrf', undefined],
  ['=cygnet-session=evil', undefined],
  [' \t= cygnet-session=evil; Path=/', undefined],
  ['==_xsrf', undefined],
  ['nameless', undefined],
  ['=nameless', undefined],
  ['; Path=/', undefined],
  ['a==cygnet-session=1', 'a==cygnet-session=1; Path=/user/ada/'],
])('a session that sets %s sets %s', (setCookie, confined) => {
  expect(confineCookie(setCookie, '/user/ada/', hub)).toBe(confined)
})
