import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Notebook } from './notebook.ts'
import { readNotebook, toNotebook } from './read-notebook.ts'
import { findFault } from './validate.ts'
import { writeNotebook } from './write-notebook.ts'

/** What Python's nbformat 5.11 made of the same input. */
function fixture(name: string): Promise<string> {
  return readFile(join(import.meta.dirname, 'fixtures', name), 'utf8')
}

test('writes what nbformat writes, byte for byte', async () => {
  const sent: unknown = JSON.parse(await fixture('sent.json'))
  expect(writeNotebook(toNotebook(sent, 'sent').notebook)).toBe(await fixture('written-by-nbformat.ipynb'))
})

test('writes what it has read without a difference', async () => {
  const text = await fixture('written-by-nbformat.ipynb')
  expect(writeNotebook(readNotebook(text, 'n.ipynb').notebook)).toBe(text)
})

test('upgrades format 3 as nbformat does', async () => {
  const { notebook: upgraded } = readNotebook(await fixture('format-3.ipynb'), 'old.ipynb')
  const expected = JSON.parse(await fixture('format-3-upgraded-by-nbformat.json')) as Notebook
  expect(upgraded.cells.every((cell) => /^[0-9a-f]{8}$/.test(String(cell['id'])))).toBe(true)
  expect({ ...upgraded, cells: upgraded.cells.map((cell) => ({ ...cell, id: 'id' })) }).toEqual(expected)
  expect(findFault(upgraded)).toBeUndefined()
  expect(writeNotebook(upgraded)).not.toContain('orig_nbformat')
})

test('joins the lines that a file holds', () => {
  const data = { 'text/html': ['<b>\n', '</b>'], 'application/json': ['a', 'b'], 'application/vnd.x+json': ['c'] }
  const cell = {
    cell_type: 'code',
    id: 'a',
    metadata: {},
    execution_count: 1,
    source: ['a = 1\n', 'a'],
    outputs: [
      { output_type: 'display_data', metadata: {}, data },
      { output_type: 'stream', name: 'stdout', text: ['x\n', 'y'] },
    ],
  }
  const { cells } = readNotebook(
    JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [cell] }),
    'n',
  ).notebook
  expect(cells).toMatchObject([
    { source: 'a = 1\na', outputs: [{ data: { ...data, 'text/html': '<b>\n</b>' } }, { text: 'x\ny' }] },
  ])
})

test('gives every cell of 4.5 an id of its own', () => {
  const cell = { cell_type: 'raw', metadata: {}, source: '' }
  const cells = [{ ...cell, id: 'same' }, { ...cell, id: 'same' }, cell]
  const ids = toNotebook({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells }, 'n').notebook.cells.map(
    ({ id }) => id,
  )
  expect(new Set(ids).size).toBe(3)
  expect(ids[0]).toBe('same')
  const older = toNotebook({ nbformat: 4, nbformat_minor: 4, metadata: {}, cells: [cell] }, 'n').notebook
  expect(older.cells[0]).not.toHaveProperty('id')
})

test('ids that are missing, strange or there twice are made anew in the same way each time', async () => {
  const cell = { cell_type: 'raw', metadata: {}, source: '' }
  const cells = [cell, { ...cell, id: 5 }, { ...cell, id: 'a' }, { ...cell, id: 'a' }, { ...cell, source: 'x' }]
  const old = await fixture('format-3.ipynb')
  for (const text of [old, JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells })]) {
    const { notebook } = readNotebook(text, 'n')
    expect(readNotebook(text, 'n').notebook).toEqual(notebook)
    expect(readNotebook(writeNotebook(notebook), 'n').fault).toBeUndefined()
    expect(new Set(notebook.cells.map(({ id }) => id)).size).toBe(notebook.cells.length)
  }
  // Where the id that would be given is another cell's already.
  const id = toNotebook({ nbformat: 4, nbformat_minor: 5, cells: [cell] }, 'n').notebook.cells[0]?.['id']
  const later = { nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [cell, { ...cell, id }] }
  const ids = toNotebook(later, 'n').notebook.cells.map((each) => each['id'])
  expect(ids).toEqual([expect.not.stringMatching(String(id)), id])
})

test.each([
  ['123456789012345678901234567890', undefined],
  ['1.0', 'is neither a number nor null'],
  ['1e400', 'is neither a number nor null'],
  ['NaN', 'is neither a number nor null'],
  ['-123456789012345678901234567890', 'is neither a number nor null'],
])('a count of %s', (count, fault) => {
  const cell = `{"cell_type":"code","id":"a","metadata":{},"source":"","outputs":[],"execution_count":${count}}`
  const read = readNotebook(`{"nbformat":4,"nbformat_minor":5,"metadata":{},"cells":[${cell}]}`, 'n')
  expect(read.fault).toEqual(fault === undefined ? undefined : expect.stringContaining(fault))
})

test.each([
  [{ cell_type: 'code', metadata: {}, source: '', execution_count: null, outputs: [] }, undefined],
  [{ cell_type: 'odd', metadata: {}, source: '' }, 'cell 1: cell_type is "odd", not code, markdown or raw'],
  [{ cell_type: 'raw', source: '' }, 'cell 1: it has no metadata'],
  [{ cell_type: 'markdown', metadata: {}, source: 5 }, 'cell 1: its source is no text'],
  [{ cell_type: 'code', metadata: {}, source: '', execution_count: null }, 'cell 1: it has no list of outputs'],
  [withOutput({ output_type: 'stream' }), 'cell 1: output 1: the stream has no name'],
  [withOutput({ output_type: 'display_data', metadata: {} }), 'cell 1: output 1: it has no data'],
  [withOutput({ output_type: 'error', ename: 'E' }), 'cell 1: output 1: the error has no ename, evalue or traceback'],
  [withOutput({ output_type: 'new' }), 'cell 1: output 1: output_type is "new", which does not exist'],
])('says what is wrong with %j', (cell, fault) => {
  const cells = [{ id: 'a', ...cell }]
  const notebook = { nbformat: 4, nbformat_minor: 5, metadata: {}, cells } as unknown as Notebook
  expect(findFault(notebook)).toBe(fault)
})

function withOutput(output: object): object {
  return { cell_type: 'code', metadata: {}, source: '', execution_count: 1, outputs: [output] }
}

test('is not led astray by keys that JavaScript reserves', () => {
  const text =
    '{"nbformat": 4, "nbformat_minor": 4, "metadata": {"__proto__": {"polluted": 1}, "constructor": 2}, "cells": []}'
  const written = writeNotebook(readNotebook(text, 'n').notebook)
  expect(JSON.parse(written)).toEqual(JSON.parse(text))
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
})

interface Judged {
  name: string
  notebook: unknown
  /** What nbformat says against it. */
  nbformat: string | null
}

test.each(JSON.parse(await fixture('judged-by-nbformat.json')) as Judged[])(
  'finds a fault where nbformat does: $name',
  ({ name, notebook, nbformat }) => {
    const { fault } = readNotebook(JSON.stringify(notebook), name)
    expect({ nbformat, fault }).toEqual({ nbformat, fault: nbformat === null ? undefined : expect.any(String) })
  },
)

test('a notebook without a minor version is read, and valid when it is written', () => {
  for (const [cell, minor] of [
    [{ cell_type: 'raw', metadata: {}, source: '' }, 4],
    [{ cell_type: 'raw', id: 'a', metadata: {}, source: '' }, 5],
  ] as const) {
    const { notebook, fault } = readNotebook(JSON.stringify({ nbformat: 4, metadata: {}, cells: [cell] }), 'n')
    expect(fault).toContain('it has no nbformat_minor')
    expect(readNotebook(writeNotebook(notebook), 'n')).toEqual({ notebook, fault: undefined })
    expect(notebook).toMatchObject({ nbformat_minor: minor, cells: [cell] })
  }
})

test('numbers stand as they stood', () => {
  const numbers = ['NaN', 'Infinity', '-Infinity', '1.0', '-0.0', '1e400', '12345678901234567890', '1e-07', '0.1']
  const text = JSON.stringify(
    { cells: [], metadata: { a: ['NUMBERS'] }, nbformat: 4, nbformat_minor: 5 },
    null,
    1,
  ).replace('"NUMBERS"', numbers.join(',\n   '))
  expect(writeNotebook(readNotebook(text, 'n').notebook)).toBe(`${text}\n`)
})
