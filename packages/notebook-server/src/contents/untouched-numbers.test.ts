import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Cell, JsonObject, Notebook } from '../notebook-format/notebook.ts'
import { startTestServer, type TestServer } from '../testing/test-server.ts'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())

/** As Python writes them; a browser writes the first ones otherwise. */
const finite = ['1e-09', '3.2e-09', '1e-07', '5e-05', '1e-05', '0.0001', '1e+16', '1e+22', '123456789.123', '1e-300']
const special = ['NaN', 'Infinity', '-Infinity', '-0.0', '1.0', '123456789012345678901234567890', '1e+400']
/** As other programs write them. */
const foreign = ['0.00005', '3.2e-9', '1E5', '0.10', '1e16', '-0', '5.0e-05']
const all = [...finite, ...finite.map((token) => `-${token}`), ...special, ...foreign]

/** As `json.dumps(value, indent=1)`, with a list of the numbers wherever the value has `'NUMBERS'`. */
function toText(value: unknown, tokens: string[]): string {
  return `${JSON.stringify(value, null, 1)}\n`.replaceAll(
    /^( *)(.*)"NUMBERS"/gm,
    (_all, indent: string, before: string) => {
      return `${indent}${before}[\n${tokens.map((token) => `${indent} ${token}`).join(',\n')}\n${indent}]`
    },
  )
}

interface Places {
  output?: unknown
  cell?: JsonObject
  notebook?: JsonObject
  attachments?: JsonObject
}

function withNumbers({ output = {}, cell = {}, notebook = {}, attachments = {} }: Places): unknown {
  const data = { 'application/json': output }
  return {
    cells: [
      { attachments, cell_type: 'markdown', id: 'text', metadata: {}, source: ['EDITED'] },
      {
        cell_type: 'code',
        execution_count: 2,
        id: 'code',
        metadata: cell,
        outputs: [{ data, metadata: {}, output_type: 'display_data' }],
        source: ['f()'],
      },
    ],
    metadata: notebook,
    nbformat: 4,
    nbformat_minor: 5,
  }
}

/** Opens a notebook as a browser does, changes something, saves it, and returns what the file holds then. */
async function edit(text: string, change: (notebook: Notebook) => void): Promise<string> {
  await writeFile(join(server.home, 'n.ipynb'), text)
  const { content } = await server.get('n.ipynb')
  change(content as Notebook)
  return save({ content })
}

async function save(body: { content: unknown } | string): Promise<string> {
  const sent = typeof body === 'string' ? body : { type: 'notebook', format: 'json', ...body }
  const answer = await server.ask('PUT', 'api/contents/n.ipynb', sent)
  expect({ status: answer.status, message: answer.model().message }).toMatchObject({ message: undefined })
  return readFile(join(server.home, 'n.ipynb'), 'utf8')
}

function cellOf(notebook: Notebook, index: number): Cell {
  const cell = notebook.cells[index]
  if (cell === undefined) throw new Error(`no cell ${index}`)
  return cell
}

const widgets = { 'application/vnd.jupyter.widget-state+json': { state: { w: { state: { v: 'NUMBERS' } } } } }

test.each<[string, Places]>([
  ['an output', { output: { v: 'NUMBERS' } }],
  ["a cell's metadata", { cell: { papermill: { p: 'NUMBERS' } } }],
  ["the notebook's metadata", { notebook: { limits: 'NUMBERS' } }],
  ["the widgets' state", { notebook: { widgets } }],
  ['attachments', { attachments: { 'a.json': { 'application/json': 'NUMBERS' } } }],
])('an edit elsewhere leaves every number as it stands in %s', async (_place, places) => {
  for (const small of finite) {
    for (const tokens of [all, [small, 'NaN', '1.0'], [`-${small}`], ['Infinity', small, special.at(-2) ?? '']]) {
      const text = toText(withNumbers(places), tokens)
      const edited = await edit(text, (notebook) => {
        cellOf(notebook, 0).source = 'changed'
      })
      expect(edited).toBe(text.replace('EDITED', 'changed'))
    }
  }
})

test("a browser's own numbers are written as Python writes them", async () => {
  const numbers = [1e-9, 3.2e-9, 1e-7, 5e-5, 1e-5, 1e22, 123456789.123, -5e-5, 1e16, 5e-324, 0.1]
  const spelled = ['1e-09', '3.2e-09', '1e-07', '5e-05', '1e-05', '1e+22', '123456789.123', '-5e-05']
  const tokens = [...spelled, '10000000000000000', '5e-324', '0.1']
  const value = withNumbers({ output: { v: 'NUMBERS' }, cell: { p: 'NUMBERS' }, notebook: { q: 'NUMBERS' } })
  const content: unknown = JSON.parse(JSON.stringify(value).replaceAll('"NUMBERS"', JSON.stringify(numbers)))
  expect(await save({ content })).toBe(toText(value, tokens))
  // Nor does it matter what stood there before.
  for (const before of [['NaN'], all, numbers.map(() => 'NaN')]) {
    await writeFile(join(server.home, 'n.ipynb'), toText(value, before))
    expect(await save({ content })).toBe(toText(value, tokens))
  }
})

test('a client that knows every digit may change the last one, and the kind', async () => {
  const value = withNumbers({ output: { v: 'NUMBERS' }, cell: { p: 'NUMBERS' } })
  const before = ['123456789012345678901234567890', '0.12345678901234567890', '1', '0', '0.5']
  const after = ['123456789012345678901234567891', '0.12345678901234567891', '1.0', '-0.0', 'NaN']
  await writeFile(join(server.home, 'n.ipynb'), toText(value, before))
  expect(await save(`{"type": "notebook", "content": ${toText(value, after)}}`)).toBe(toText(value, after))
})

test('another spelling of the same number is no change', async () => {
  const value = withNumbers({ output: { v: 'NUMBERS' }, cell: { p: 'NUMBERS' } })
  const text = toText(value, ['1E5', '5e-05', '1e+16', '-1.50', '0.0', 'NaN', '1e400'])
  const sent = toText(value, ['100000.0', '5.0e-5', '1.0e16', '-1.5', '0e0', 'NaN', 'Infinity'])
  await writeFile(join(server.home, 'n.ipynb'), text)
  expect(await save(`{"type": "notebook", "content": ${sent}}`)).toBe(text)
})

function codeCell(more: object): object {
  const data = { 'application/json': 'NUMBERS' }
  const outputs = [{ data, metadata: {}, output_type: 'display_data' }]
  return { cell_type: 'code', execution_count: 1, ...more, metadata: { p: 'NUMBERS' }, outputs, source: ['f()'] }
}

function notebookOf(cells: object[], minor: number): object {
  return { cells, metadata: {}, nbformat: 4, nbformat_minor: minor }
}

const tokens = ['NaN', '1.0', '0.25', '123456789012345678901234567890']

test.each([
  ['there are none', [codeCell({}), codeCell({}), codeCell({})]],
  ['one is there twice', [codeCell({ id: 'a' }), codeCell({ id: 'b' }), codeCell({ id: 'b' })]],
  ['one is a number', [codeCell({ id: 'a' }), codeCell({ id: 5 }), codeCell({ id: 'b' })]],
])('where ids are mended as %s, numbers stay', async (_why, cells) => {
  let ids: unknown[] = []
  const edited = await edit(toText(notebookOf(cells, 5), tokens), (notebook) => {
    cellOf(notebook, 0).source = 'g()'
    ids = notebook.cells.map(({ id }) => id)
    expect(new Set(ids).size).toBe(3)
  })
  const expected = ids.map((id, index) => ({ ...codeCell({ id }), ...(index === 0 ? { source: ['g()'] } : {}) }))
  expect(edited).toBe(toText(notebookOf(expected, 5), tokens))
})

test('cells without ids are found by what is in them, and by their place', async () => {
  const text = toText(notebookOf([codeCell({}), codeCell({}), codeCell({})], 4), tokens)
  const renamed = await edit(text, (notebook) => {
    cellOf(notebook, 1).source = 'g()'
    cellOf(notebook, 2).source = 'h()'
  })
  const expected = [codeCell({}), { ...codeCell({}), source: ['g()'] }, { ...codeCell({}), source: ['h()'] }]
  expect(renamed).toBe(toText(notebookOf(expected, 4), tokens))
  // A client that gives ids of its own.
  const upgraded = await edit(text, (notebook) => {
    notebook.nbformat_minor = 5
    for (const [index, cell] of notebook.cells.entries()) cell['id'] = `own-${index}`
    cellOf(notebook, 1).source = 'g()'
  })
  const withIds = expected.map((_cell, index) => codeCell({ id: `own-${index}` }))
  withIds[1] = { ...withIds[1], source: ['g()'] }
  expect(upgraded).toBe(toText(notebookOf(withIds, 5), tokens))
})

test('a cell that is new in a place has nothing of the one that was there', async () => {
  const cells = [codeCell({ id: 'a' }), codeCell({ id: 'b' }), codeCell({ id: 'c' })]
  const edited = await edit(toText(notebookOf(cells, 5), tokens), (notebook) => {
    Object.assign(cellOf(notebook, 1), { id: 'new', source: 'new' })
  })
  expect(edited.match(/NaN/g)).toHaveLength(4)
  expect(edited.match(/null/g)).toHaveLength(2)
})

test('a cell keeps its numbers where it is moved, cut and pasted, or copied', async () => {
  const cells = ['a', 'b', 'c'].map((id) => ({ ...codeCell({ id }), source: [`${id}()`] }))
  const edited = await edit(toText(notebookOf(cells, 5), tokens), (notebook) => {
    const [a, b, c] = [cellOf(notebook, 0), cellOf(notebook, 1), cellOf(notebook, 2)]
    notebook.cells = [c, { ...a, id: 'pasted' }, { ...b, id: 'copied' }, b]
  })
  const expected = [cells[2], { ...cells[0], id: 'pasted' }, { ...cells[1], id: 'copied' }, cells[1]]
  expect(edited).toBe(toText(notebookOf(expected as object[], 5), tokens))
})

test('an output keeps its numbers where a client joins the printed text before it', async () => {
  const stream = { name: 'stdout', output_type: 'stream', text: ['a\n'] }
  const shown = { data: { 'application/json': 'NUMBERS' }, metadata: {}, output_type: 'display_data' }
  const cell = { cell_type: 'code', execution_count: 1, id: 'a', metadata: {}, outputs: [stream, stream, shown] }
  const edited = await edit(toText(notebookOf([{ ...cell, source: ['f()'] }], 5), tokens), (notebook) => {
    const [first, , last] = cellOf(notebook, 0)['outputs'] as JsonObject[]
    cellOf(notebook, 0)['outputs'] = [{ ...first, text: 'a\na\n' }, last]
  })
  const joined = { ...cell, outputs: [{ ...stream, text: ['a\n', 'a\n'] }, shown], source: ['f()'] }
  expect(edited).toBe(toText(notebookOf([joined], 5), tokens))
})
