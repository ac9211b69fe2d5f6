import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../testing/test-server.ts'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())

/** As Python's nbformat writes it. */
function fileText(options: { source?: string; outputs?: string; count?: string; title?: string } = {}): string {
  const { source = 'plot()', count = '3', title = '' } = options
  const { outputs = '[\n    NaN,\n    1.0,\n    -Infinity,\n    12345678901234567890,\n    null\n   ]' } = options
  return `{
 "cells": [
  {
   "cell_type": "code",
   "execution_count": ${count},
   "id": "first",
   "metadata": {
    "papermill": {
     "duration": 2.0,
     "parameters": {
      "alpha": NaN
     }
    }
   },
   "outputs": [
    {
     "data": {
      "application/json": ${outputs.replaceAll('\n', '\n   ')}
     },
     "metadata": {},
     "output_type": "display_data"
    }
   ],
   "source": [
    "${source}"
   ]
  }
 ],
 "metadata": {
  "limit": Infinity${title}
 },
 "nbformat": 4,
 "nbformat_minor": 5
}
`
}

interface Opened {
  cells: Array<{ source: string; execution_count: number; outputs: Array<{ data: Record<string, unknown> }> }>
  metadata: Record<string, unknown>
}

/** What a browser knows after it has opened the notebook. */
async function open(name: string): Promise<Opened> {
  const { content } = await server.get(name)
  return content as Opened
}

async function save(name: string, content: unknown): Promise<string> {
  const answer = await server.ask('PUT', `api/contents/${name}`, { type: 'notebook', format: 'json', content })
  expect({ status: answer.status, message: answer.model().message }).toEqual({ status: 200, message: undefined })
  return readFile(join(server.home, name), 'utf8')
}

test('NaN is null for a browser, and NaN again in the file that it saves', async () => {
  await writeFile(join(server.home, 'nan.ipynb'), fileText())
  const notebook = await open('nan.ipynb')
  expect(notebook.metadata).toEqual({ limit: null })
  expect(notebook.cells[0]?.outputs[0]?.data['application/json']).toEqual([null, 1, null, 12345678901234567000, null])
  expect(await save('nan.ipynb', notebook)).toBe(fileText())
})

test('an edit elsewhere changes that alone', async () => {
  await writeFile(join(server.home, 'edit.ipynb'), fileText())
  const notebook = await open('edit.ipynb')
  notebook.metadata['title'] = 'T'
  for (const cell of notebook.cells) cell.source = 'plot(2)'
  expect(await save('edit.ipynb', notebook)).toBe(fileText({ source: 'plot(2)', title: ',\n  "title": "T"' }))
})

test('an output that was made anew is as the client sends it', async () => {
  const made = [null, 1, null, 12345678901234567000, null]
  await writeFile(join(server.home, 'anew.ipynb'), fileText())
  const notebook = await open('anew.ipynb')
  for (const cell of notebook.cells) cell.execution_count = 4
  const text = '[\n    null,\n    1,\n    null,\n    12345678901234567000,\n    null\n   ]'
  expect(await save('anew.ipynb', notebook)).toBe(fileText({ count: '4', outputs: text }))
  for (const changed of [made.slice(1), made.with(1, 2)]) {
    await writeFile(join(server.home, 'anew.ipynb'), fileText())
    const other = await open('anew.ipynb')
    for (const { outputs } of other.cells) for (const { data } of outputs) data['application/json'] = changed
    expect(await save('anew.ipynb', other)).toBe(
      fileText({ outputs: `[${changed.map((value) => `\n    ${value}`).join(',')}\n   ]` }),
    )
  }
})

test("a client that writes Python's JSON saves what it says", async () => {
  const text = `{"type": "notebook", "content": ${fileText({ source: 'new' })}}`
  for (const filler of ['', ' '.repeat(9_000_000)]) {
    expect((await server.ask('PUT', 'api/contents/python.ipynb', text + filler)).status).toBeLessThan(300)
    expect(await readFile(join(server.home, 'python.ipynb'), 'utf8')).toBe(fileText({ source: 'new' }))
  }
})

test('NaN does not keep a notebook from being trusted', async () => {
  await writeFile(join(server.home, 'trusted.ipynb'), fileText())
  expect((await server.ask('POST', 'api/contents/trusted.ipynb/trust')).status).toBe(201)
  const notebook = await open('trusted.ipynb')
  expect(notebook.cells[0]).toMatchObject({ metadata: { trusted: true } })
  expect(await save('trusted.ipynb', notebook)).toBe(fileText())
  expect((await open('trusted.ipynb')).cells[0]).toMatchObject({ metadata: { trusted: true } })
})

test('what is nested too deep is told', async () => {
  const deep = fileText({ outputs: `${'['.repeat(2500)}NaN${']'.repeat(2500)}` })
  await writeFile(join(server.home, 'deep.ipynb'), deep)
  expect((await server.ask('GET', 'api/contents/deep.ipynb')).json()['message']).toContain(
    'nested more than 2000 levels',
  )
  const fits = fileText({ outputs: `${'['.repeat(1900)}NaN${']'.repeat(1900)}` })
  await writeFile(join(server.home, 'fits.ipynb'), fits)
  const notebook = await open('fits.ipynb')
  expect(await save('fits.ipynb', notebook)).toContain('NaN')
})

test('a notebook that breaks the rules opens with the reason, as in Jupyter', async () => {
  const cell = { cell_type: 'raw', id: 'not so', metadata: {}, source: '' }
  const notebook = { nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [cell] }
  await writeFile(join(server.home, 'rules.ipynb'), JSON.stringify(notebook))
  expect(await server.get('rules.ipynb')).toMatchObject({
    message:
      'Notebook validation failed: cell 1: its id "not so" is not made of 1 to 64 letters, digits, hyphens and underscores.',
    content: notebook,
  })
})
