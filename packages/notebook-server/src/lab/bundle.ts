import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CygnetError, isSystemError } from '@cygnet/core/errors'
import { createRoot, type Root } from '../contents/root.ts'
import { isObject, textOf, type JsonObject } from '../notebook-format/notebook.ts'

/** What the build of JupyterLab says of itself in `manifest.json`; all paths are relative to `static`. */
export interface LabManifest {
  version: string
  entry: string[]
  css: string[]
  preload: string[]
  icons: { idle?: string; busy?: string }
}

/** The folder that the build of JupyterLab made: `static`, `schemas`, `themes` and some JSON files beside them. */
export interface LabBundle {
  readonly folder: string
  /** Read anew at every page, so that a new build is seen. @throws CygnetError `unavailable` */
  manifest(): Promise<LabManifest>
  /** A JSON file of the bundle; undefined where it has none. */
  json(name: string): Promise<JsonObject | undefined>
  /** The files below a folder of the bundle. */
  files(folder: 'static' | 'themes'): Promise<Root>
}

export function createLabBundle(folder: string): LabBundle {
  const roots = new Map<string, Promise<Root>>()

  async function json(name: string): Promise<JsonObject | undefined> {
    try {
      const value: unknown = JSON.parse(await readFile(join(folder, name), 'utf8'))
      return isObject(value) ? value : undefined
    } catch (error) {
      if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return undefined
      throw error
    }
  }

  return {
    folder,
    json,
    async manifest() {
      const value = await json('manifest.json')
      if (value === undefined) {
        throw new CygnetError('unavailable', `There is no JupyterLab in ${folder}: it has no manifest.json.`, {
          mend: 'Build it with "npm run build".',
        })
      }
      const icons = isObject(value['icons']) ? value['icons'] : {}
      return {
        version: textOf(value['version']),
        entry: strings(value['entry']),
        css: strings(value['css']),
        preload: strings(value['preload']),
        icons: {
          ...(typeof icons['idle'] === 'string' && { idle: icons['idle'] }),
          ...(typeof icons['busy'] === 'string' && { busy: icons['busy'] }),
        },
      }
    },
    files(name) {
      let root = roots.get(name)
      if (root === undefined) {
        root = createRoot(join(folder, name))
        root.catch(() => roots.delete(name))
        roots.set(name, root)
      }
      return root
    },
  }
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}
