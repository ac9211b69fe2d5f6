import { expect, test } from 'vitest'
import { parseConfig } from './config.ts'

test.each([
  ['https://lab.example.org', 'https://lab.example.org'],
  ['https://lab.example.org/', 'https://lab.example.org'],
  ['https://lab.example.org/cygnet', 'https://lab.example.org/cygnet'],
  ['https://lab.example.org/cygnet/', 'https://lab.example.org/cygnet'],
  ['HTTP://LAB.Example.org:8080/Lab/~a_b-c.d/', 'http://lab.example.org:8080/Lab/~a_b-c.d'],
  ['https://lab.example.org:443/x', 'https://lab.example.org/x'],
  ['https://bücher.example/x', 'https://xn--bcher-kva.example/x'],
  ['http://[::1]:8000/users/', 'http://[::1]:8000/users'],
])('%s is taken for %s', (written, taken) => {
  expect(parseConfig({ publicUrl: written }).publicUrl).toBe(taken)
})

test.each([
  ['lab.example.org/cygnet', /begin with https/],
  ['ftp://lab.example.org', /begin with https/],
  ['https:/lab.example.org', /begin with https/],
  ['javascript:alert(1)', /begin with https/],
  [' https://lab.example.org', /begin with https/],
  ['https://', /no valid host/],
  ['https:///cygnet', /no valid host/],
  ['https://lab example.org/', /no valid host/],
  ['https://lab.example.org:99999/', /no valid host/],
  ['https://lab.example.org\\cygnet', /no valid host/],
  ['https://ada:secret@lab.example.org/', /user name or password/],
  ['https://lab.example.org/?a=1', /“\?” or “#”/],
  ['https://lab.example.org/cygnet?', /“\?” or “#”/],
  ['https://lab.example.org/cygnet/#x', /“\?” or “#”/],
  ['https://lab.example.org//cygnet', /two slashes/],
  ['https://lab.example.org/cygnet//', /two slashes/],
  ['https://lab.example.org/a/../cygnet', /“\.” or “\.\.”/],
  ['https://lab.example.org/./cygnet', /“\.” or “\.\.”/],
  ['https://lab.example.org/a%2fb', /encoded/],
  ['https://lab.example.org/%2e%2e/x', /encoded/],
  ['https://lab.example.org/my lab', /other characters/],
  ['https://lab.example.org/a\\b', /other characters/],
  ['https://lab.example.org/a;b', /other characters/],
  ['https://lab.example.org/größe', /other characters/],
  ['https://lab.example.org/hub/', /lie below \/hub\//],
  ['https://lab.example.org/user/lab/', /lie below \/user\//],
  ['https://lab.example.org/S', /lie below \/S\//],
])('%s is refused, with what to do', (written, expected) => {
  const parse = () => parseConfig({ publicUrl: written })
  expect(parse).toThrow(expected)
  expect(parse).toThrow(/publicUrl/)
})
