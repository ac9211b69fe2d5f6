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
  expect(writeNotebook(toNotebook(sent, 'sent'))).toBe(await fixture('written-by-nbformat.ipynb'))
})

test('writes what it has read without a difference', async () => {
  const text = await fixture('written-by-nbformat.ipynb')
  expect(writeNotebook(readNotebook(text, 'n.ipynb'))).toBe(text)
})

test('upgrades format 3 as nbformat does', async () => {
  const upgraded = readNotebook(await fixture('format-3.ipynb'), 'old.ipynb')
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
  const { cells } = readNotebook(JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [cell] }), 'n')
  expect(cells).toMatchObject([
    { source: 'a = 1\na', outputs: [{ data: { ...data, 'text/html': '<b>\n</b>' } }, { text: 'x\ny' }] },
  ])
})

test('gives every cell of 4.5 an id of its own', () => {
  const cell = { cell_type: 'raw', metadata: {}, source: '' }
  const cells = [{ ...cell, id: 'same' }, { ...cell, id: 'same' }, cell]
  const ids = toNotebook({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells }, 'n').cells.map(({ id }) => id)
  expect(new Set(ids).size).toBe(3)
  expect(ids[0]).toBe('same')
  const older = toNotebook({ nbformat: 4, nbformat_minor: 4, metadata: {}, cells: [cell] }, 'n')
  expect(older.cells[0]).not.toHaveProperty('id')
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
  const notebook = { nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [cell] } as unknown as Notebook
  expect(findFault(notebook)).toBe(fault)
})

function withOutput(output: object): object {
  return { cell_type: 'code', metadata: {}, source: '', execution_count: 1, outputs: [output] }
}

test('is not led astray by keys that JavaScript reserves', () => {
  const text =
    '{"nbformat": 4, "nbformat_minor": 4, "metadata": {"__proto__": {"polluted": 1}, "constructor": 2}, "cells": []}'
  const written = writeNotebook(readNotebook(text, 'n'))
  expect(JSON.parse(written)).toEqual(JSON.parse(text))
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
})
