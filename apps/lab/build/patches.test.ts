import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { patchSource } from './patches.ts'

const modules = path.resolve(import.meta.dirname, '../node_modules')

test.each([
  ['@jupyter-widgets/jupyterlab-manager/lib/plugin.js', 'require.ensure', "import('@jupyter-widgets/controls')"],
  ['@jupyterlab/apputils-extension/lib/index.js', 'save it.\n                await save', 'void save.invoke()'],
  ['@jupyterlab/notebook/lib/panel.js', 'getNBConvertURL', '[Printing.symbol]() {\n        return null;'],
  ['path-browserify/index.js', 'cwd = process.cwd()', "cwd = '/'"],
  ['@fortawesome/fontawesome-free/css/all.min.css', '.eot', '.woff2) format("woff2")}'],
])('%s is patched as it is installed', async (file, before, after) => {
  const id = path.join(modules, file)
  const source = await readFile(id, 'utf8')
  expect(source).toContain(before)
  const patched = patchSource(id, source)
  expect(patched).not.toContain(before)
  expect(patched).toContain(after)
})

test('a file that no longer has the text ends the build', () => {
  const id = path.join(modules, '@jupyterlab/apputils-extension/lib/index.js')
  expect(() => patchSource(id, 'export {}')).toThrow('has changed')
})

test('other files stay as they are', () => {
  expect(patchSource('/somewhere/else.js', 'export {}')).toBeUndefined()
})
