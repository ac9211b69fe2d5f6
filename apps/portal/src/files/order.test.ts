import type { Entry } from '@cygnet/contract/v1/files'
import { expect, test } from 'vitest'
import { filterEntries, sortEntries } from './order.ts'

function createEntry(name: string, part: Partial<Entry> = {}): Entry {
  return {
    name,
    path: name,
    kind: 'file',
    size: 0,
    modified: '2026-01-01T00:00:00Z',
    mediaType: 'text/plain',
    etag: '',
    writable: true,
    ...part,
  }
}

test('folders come first, numbers count as numbers, case does not matter', () => {
  const entries = ['run10', 'Run9', 'b', 'A'].map((name) => createEntry(name))
  entries.push(createEntry('z', { kind: 'folder' }))
  expect(sortEntries(entries, { by: 'name', descending: false }).map(({ name }) => name)).toEqual([
    'z',
    'A',
    'b',
    'Run9',
    'run10',
  ])
})

test('folders stay first when the order is turned round', () => {
  const entries = [
    createEntry('small', { size: 1 }),
    createEntry('folder', { kind: 'folder' }),
    createEntry('big', { size: 9 }),
  ]
  expect(sortEntries(entries, { by: 'size', descending: true }).map(({ name }) => name)).toEqual([
    'folder',
    'big',
    'small',
  ])
})

test('10,000 entries are sorted and filtered within a frame or a few', () => {
  const entries = Array.from({ length: 10_000 }, (_, index) => createEntry(`file ${(index * 7919) % 10_000}.csv`))
  const sorted = sortEntries(entries, { by: 'name', descending: false })
  expect(sorted[0]?.name).toBe('file 0.csv')
  expect(sorted.at(-1)?.name).toBe('file 9999.csv')
  expect(filterEntries(sorted, '999', false)).toHaveLength(19)
})

test('hidden files are left out unless asked for', () => {
  const entries = [createEntry('.cache'), createEntry('Data')]
  expect(filterEntries(entries, '', false).map(({ name }) => name)).toEqual(['Data'])
  expect(filterEntries(entries, ' da ', true).map(({ name }) => name)).toEqual(['Data'])
  expect(filterEntries(entries, '', true)).toHaveLength(2)
})
