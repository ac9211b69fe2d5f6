import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Plugin } from 'vite'
import type { LabPackage } from './extensions.ts'
import { toExtensionsModule } from './extensions.ts'
import { patchSource } from './patches.ts'

const extensionsId = '\0lab-extensions'
const rawPrefix = '\0raw:'
/** Keeps vite's own handling of `.css` and `.svg` away from what is to be a text. */
const rawSuffix = '.text'

/**
 * Teaches vite what JupyterLab's packages expect of their bundler: `.svg` and `.raw.css` imported from JavaScript are texts,
 * a few modules of Node are never used in a browser, and `virtual:lab-extensions` is all packages of the Lab.
 */
export function createJupyterlabPlugin(packages: LabPackage[]): Plugin {
  return {
    name: 'jupyterlab',
    enforce: 'pre',
    async resolveId(source, importer, options) {
      if (source === 'virtual:lab-extensions') return extensionsId
      if (!isText(source) || importer === undefined || importer.endsWith('.css')) return null
      const found = await this.resolve(source, importer, { ...options, skipSelf: true })
      return found === null ? null : `${rawPrefix}${found.id}${rawSuffix}`
    },
    async load(id) {
      if (id === extensionsId) return toExtensionsModule(packages)
      if (!id.startsWith(rawPrefix)) return null
      const file = id.slice(rawPrefix.length, -rawSuffix.length)
      return { code: `export default ${JSON.stringify(await readFile(file, 'utf8'))}`, moduleType: 'js' }
    },
    transform(code, id) {
      return patchSource(id.split(path.sep).join('/'), code) ?? null
    },
  }
}

function isText(source: string): boolean {
  return source.endsWith('.svg') || source.endsWith('.raw.css')
}
