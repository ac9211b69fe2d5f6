import { expect, test } from 'vitest'
import { parseTable } from './parse-table.ts'

test('names, numbers and the separator are found out', () => {
  const table = parseTable('city;cinemas;share\nZürich;1 024;12.5%\n"Win;ter""thur";-3;1e5\n', 'a.csv')
  expect(table.header).toEqual(['city', 'cinemas', 'share'])
  expect(table.rows).toEqual([
    ['Zürich', '1 024', '12.5%'],
    ['Win;ter"thur', '-3', '1e5'],
  ])
  expect(table.numeric).toEqual([false, true, true])
  expect(table.cut).toBe(false)
})

test('a first row with numbers is data', () => {
  const table = parseTable('1,2\n3,4', 'a.csv')
  expect(table.header).toEqual(['A', 'B'])
  expect(table.rows).toHaveLength(2)
})

test('tabs separate where the name says so, commas stay', () => {
  expect(parseTable('a,b\tc\n1,2\t3', 'x.tsv').header).toEqual(['a,b', 'c'])
})

test('only the first 10,000 rows are read', () => {
  const lines = (rows: number) => `n,m\n${'1,2\n'.repeat(rows)}`
  expect(parseTable(lines(10_000), 'a.csv')).toMatchObject({ cut: false, rows: { length: 10_000 } })
  expect(parseTable(lines(10_001), 'a.csv')).toMatchObject({ cut: true, rows: { length: 10_000 } })
})

test('of a giant text the beginning is read', () => {
  const quotes = parseTable('"a"b,'.repeat(2_000_000), 'a.csv')
  expect(quotes).toMatchObject({ cut: true, rows: { length: 1 } })
  const columns = parseTable('a,'.repeat(1_000_000), 'a.csv')
  expect(columns).toMatchObject({ hiddenColumns: 999_801 })
})

test('very wide, ragged and odd tables are read', () => {
  const wide = parseTable(`${Array.from({ length: 250 }, (_, index) => `c${index}`).join(',')}\n1`, 'a.csv')
  expect(wide.header).toHaveLength(200)
  expect(wide.hiddenColumns).toBe(50)
  expect(parseTable('a,b\n1\n1,2,3', 'a.csv').header).toEqual(['a', 'b', ''])
  expect(parseTable('only', 'a.csv').rows).toEqual([['only']])
  expect(parseTable('"never closed\n1,2', 'a.csv').rows).toHaveLength(1)
})
