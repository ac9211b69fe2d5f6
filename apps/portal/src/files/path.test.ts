import { expect, test } from 'vitest'
import { freeName, joinPath, nameOf, nameProblem, parentOf, resolvePath, splitName, trailOf } from './path.ts'

test('paths are taken apart and put together', () => {
  expect(joinPath('', 'a')).toBe('a')
  expect(joinPath('a/b', 'c')).toBe('a/b/c')
  expect([parentOf('a/b/c'), parentOf('a'), parentOf('')]).toEqual(['a/b', '', ''])
  expect([nameOf('a/b'), nameOf('a')]).toEqual(['b', 'a'])
  expect(trailOf('a/b')).toEqual([
    { name: 'a', path: 'a' },
    { name: 'b', path: 'a/b' },
  ])
  expect(trailOf('')).toEqual([])
})

test('a hidden name has no extension', () => {
  expect(splitName('.profile')).toEqual({ stem: '.profile', extension: '' })
  expect(splitName('a.tar.gz')).toEqual({ stem: 'a.tar', extension: '.gz' })
})

test('a name that is taken gets a number before its extension', () => {
  expect(freeName('a.csv', new Set())).toBe('a.csv')
  expect(freeName('a.csv', new Set(['a.csv', 'a (2).csv']))).toBe('a (3).csv')
})

test('names that no file can have are told why', () => {
  expect(nameProblem('fine.txt')).toBeUndefined()
  expect(nameProblem('')).toContain('Enter')
  expect(nameProblem('..')).toContain('..')
  expect(nameProblem('a/b')).toContain('slash')
  expect(nameProblem('é'.repeat(128))).toContain('255 bytes')
})

test('a reference is resolved within the tree or not at all', () => {
  expect(resolvePath('a/b', 'plot.png')).toBe('a/b/plot.png')
  expect(resolvePath('a/b', '../x%20y.csv#top')).toBe('a/x y.csv')
  expect(resolvePath('', './a/../b.md')).toBe('b.md')
  for (const reference of ['../../../etc', 'https://example.org', '//example.org', '/etc', 'javascript:alert(1)', '#a'])
    expect(resolvePath('a', reference)).toBeUndefined()
  expect(resolvePath('a', '%E0%A4%A')).toBeUndefined()
})
