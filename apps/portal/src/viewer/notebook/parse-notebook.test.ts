import { expect, test } from 'vitest'
import { chooseOutputs } from './choose-output.ts'
import { NotebookError, parseNotebook } from './parse-notebook.ts'

const parse = (file: unknown) => parseNotebook(JSON.stringify(file))

test('a notebook of version 4 is read, its lines joined and its streams merged', () => {
  const notebook = parse({
    nbformat: 4,
    metadata: { language_info: { name: 'R' } },
    cells: [
      { cell_type: 'markdown', source: ['# A\n', 'b'], attachments: { 'x.png': { 'image/png': 'AAAA' } } },
      {
        cell_type: 'code',
        source: 'x',
        execution_count: 3,
        metadata: { jupyter: { source_hidden: true } },
        outputs: [
          { output_type: 'stream', name: 'stdout', text: ['a\n', 'b\n'] },
          { output_type: 'stream', name: 'stdout', text: 'c' },
          { output_type: 'stream', name: 'stderr', text: 'd' },
          {
            output_type: 'execute_result',
            execution_count: 3,
            data: { 'text/plain': ['1', '2'], 'application/json': [1, 2] },
            metadata: { 'image/png': { width: 300, height: -1 } },
          },
          { output_type: 'error', ename: 'E', evalue: 'v', traceback: ['l1', 'l2'] },
        ],
      },
      { cell_type: 'raw', source: 'as it is' },
    ],
  })
  expect(notebook).toEqual({
    language: 'r',
    cells: [
      { kind: 'markdown', source: '# A\nb', attachments: { 'x.png': { 'image/png': 'AAAA' } } },
      {
        kind: 'code',
        source: 'x',
        count: 3,
        sourceHidden: true,
        outputsHidden: false,
        outputs: [
          { kind: 'stream', name: 'stdout', text: 'a\nb\nc' },
          { kind: 'stream', name: 'stderr', text: 'd' },
          {
            kind: 'data',
            count: 3,
            data: { 'text/plain': '12', 'application/json': [1, 2] },
            sizes: { 'image/png': { width: 300 } },
          },
          { kind: 'error', name: 'E', value: 'v', traceback: 'l1\nl2' },
        ],
      },
      { kind: 'raw', source: 'as it is' },
    ],
  })
})

test('a notebook of version 3 is read', () => {
  const notebook = parse({
    nbformat: 3,
    worksheets: [
      {
        cells: [
          { cell_type: 'heading', level: 2, source: 'Title' },
          {
            cell_type: 'code',
            input: ['a = 1'],
            prompt_number: 7,
            language: 'python',
            outputs: [
              { output_type: 'pyout', prompt_number: 7, text: ['1'], png: 'AAAA' },
              { output_type: 'stream', stream: 'stdout', text: 'out' },
              { output_type: 'pyerr', ename: 'E', evalue: 'v', traceback: [] },
            ],
          },
        ],
      },
    ],
  })
  expect(notebook.cells[0]).toMatchObject({ kind: 'markdown', source: '## Title' })
  expect(notebook.cells[1]).toMatchObject({
    source: 'a = 1',
    count: 7,
    outputs: [
      { kind: 'data', data: { 'text/plain': '1', 'image/png': 'AAAA' } },
      { kind: 'stream', name: 'stdout', text: 'out' },
      { kind: 'error', name: 'E' },
    ],
  })
})

test('what is odd is passed over, what is no notebook is said to be none', () => {
  expect(parse({ cells: [null, 1, { cell_type: 'code', outputs: [null, { output_type: 'new' }] }, {}] }).cells).toEqual(
    [
      { kind: 'code', source: '', count: null, outputs: [], sourceHidden: false, outputsHidden: false },
      { kind: 'raw', source: '' },
    ],
  )
  for (const text of ['', '{', '[]', 'null', '{"a": 1}']) expect(() => parseNotebook(text)).toThrow(NotebookError)
})

test('NaN and numbers that JavaScript would change are shown as they stand', () => {
  const output = { output_type: 'display_data', data: { 'application/json': ['NUMBERS'], 'text/plain': 'NaN' } }
  const cell = { cell_type: 'code', execution_count: 'COUNT', metadata: { score: 'SCORE' }, outputs: [output] }
  const text = JSON.stringify({ nbformat: 4, cells: [cell] })
    .replace('"NUMBERS"', 'NaN, -Infinity, 1.0, 12345678901234567890')
    .replace('"COUNT"', '2.0')
    .replace('"SCORE"', 'NaN')
  const [shown] = parseNotebook(text).cells
  expect(shown).toMatchObject({ kind: 'code', count: 2 })
  const data = shown?.kind === 'code' && shown.outputs[0]?.kind === 'data' ? shown.outputs[0].data : {}
  expect(chooseOutputs(data)[0]?.content).toBe('[\n  NaN,\n  -Infinity,\n  1.0,\n  12345678901234567890\n]')
})
