import { expect, test } from 'vitest'
import { createBasePath } from './base-path.ts'

const base = createBasePath('https://lab.example.org/science/cygnet')

test.each([
  ['/science/cygnet', '/'],
  ['/science/cygnet/', '/'],
  ['/science/cygnet?a=/science/cygnet/', '/?a=/science/cygnet/'],
  ['/science/cygnet/user/ada/lab?x#y', '/user/ada/lab?x#y'],
  ['/science/cygnet//evil.example', '//evil.example'],
  ['/science/cygnet/science/cygnet/x', '/science/cygnet/x'],
  ['/user/ada/', '/user/ada/'],
  ['/', '/'],
  ['*', '*'],
  ['/science', '/science'],
  ['/science/cygnets/x', '/science/cygnets/x'],
  ['/Science/cygnet/x', '/Science/cygnet/x'],
  ['//science/cygnet/x', '//science/cygnet/x'],
  ['/science%2fcygnet/x', '/science%2fcygnet/x'],
])('%s is %s to the hub', (target, inner) => {
  expect(base.strip(target)).toBe(inner)
})

test('a path is told with the base path, once', () => {
  expect(base.to('/')).toBe('/science/cygnet/')
  expect(base.to('/hub/login?next=%2F')).toBe('/science/cygnet/hub/login?next=%2F')
  expect(base.to(base.to('/x'))).toBe('/science/cygnet/x')
  expect(base.to('/science/cygnets')).toBe('/science/cygnet/science/cygnets')
})

test('without a path in the public address everything stays as it is', () => {
  for (const publicUrl of [undefined, 'https://lab.example.org']) {
    const root = createBasePath(publicUrl)
    for (const path of ['/', '/user/ada/', '//x', '*']) expect([root.to(path), root.strip(path)]).toEqual([path, path])
    expect(root.path).toBe('/')
  }
})
