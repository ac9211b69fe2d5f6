import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { CygnetError, isSystemError } from '@cygnet/core/errors'
import { z } from 'zod'

/** What `kernel.json` says (jupyter-client.readthedocs.io/en/stable/kernels.html#kernel-specs). */
const kernelJson = z.looseObject({
  argv: z.array(z.string()).min(1),
  display_name: z.string().default(''),
  language: z.string().default(''),
  env: z.record(z.string(), z.string()).default({}),
  interrupt_mode: z.enum(['signal', 'message']).default('signal'),
  metadata: z.record(z.string(), z.unknown()).default({}),
})

export interface KernelSpec {
  /** Lower case; the name of its folder. */
  name: string
  folder: string
  json: z.infer<typeof kernelJson>
}

/** Jupyter Server's model of a kernelspec. */
export interface KernelSpecModel {
  name: string
  spec: KernelSpec['json']
  /** URLs under the base path: `logo-32x32`, `logo-svg`, `kernel.js`, `kernel.css`. */
  resources: Record<string, string>
}

export interface KernelSpecs {
  /** The interpreter that `python` and `python3` stand for. */
  readonly python: string
  /** All that can be read, by name; what cannot be read is left out. */
  list(): Promise<Map<string, KernelSpec>>
  /** @throws CygnetError `not-found` naming what there is, `unavailable` where its kernel.json is broken */
  get(name: string): Promise<KernelSpec>
  /** `python3` where there is one, else the first. @throws CygnetError `not-found` where there is none */
  defaultName(): Promise<string>
  toModel(spec: KernelSpec, basePath: string): Promise<KernelSpecModel>
  /** The real path of a file of the spec's folder. @throws CygnetError `not-found` also for what lies outside of it */
  resource(name: string, file: string): Promise<string>
}

/**
 * Finds kernelspecs in `kernels/<name>/kernel.json` below Jupyter's data folders; the first folder that has a name wins.
 * Nothing is kept: what a user installs is there at the next request.
 */
export function createKernelSpecs(options: { folders: string[]; python: string }): KernelSpecs {
  const { folders, python } = options
  return {
    python,
    async list() {
      const found = new Map<string, KernelSpec>()
      for (const [name, folder] of await findFolders(folders)) {
        const spec = await readSpec(name, folder).catch(() => undefined)
        if (spec !== undefined) found.set(name, spec)
      }
      return found
    },
    async get(name) {
      const known = await findFolders(folders)
      const folder = known.get(name.toLowerCase())
      if (folder === undefined) throw toUnknown(name, [...known.keys()])
      return readSpec(name.toLowerCase(), folder)
    },
    async defaultName() {
      const names = [...(await this.list()).keys()]
      const name = names.includes('python3') ? 'python3' : names[0]
      if (name === undefined) throw toUnknown('python3', [])
      return name
    },
    async toModel(spec, basePath) {
      const url = (file: string): string => `${basePath}kernelspecs/${spec.name}/${encodeURIComponent(file)}`
      const resources: Record<string, string> = {}
      for (const file of (await readdir(spec.folder)).toSorted()) {
        if (file === 'kernel.js' || file === 'kernel.css') resources[file] = url(file)
        else if (file.startsWith('logo-')) resources[file.replace(/\.[^.]*$/, '')] = url(file)
      }
      return { name: spec.name, spec: spec.json, resources }
    },
    async resource(name, file) {
      const { folder } = await this.get(name)
      const missing = new CygnetError('not-found', `The kernel ${name} has no file ${file.slice(0, 200)}.`)
      if (file.includes('\0')) throw missing
      const root = await realpath(folder)
      const path = await realpath(join(root, file)).catch(() => undefined)
      if (path === undefined || !path.startsWith(root + sep) || !(await stat(path)).isFile()) throw missing
      return path
    },
  }
}

async function findFolders(folders: string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const folder of folders) {
    const kernels = join(folder, 'kernels')
    for (const entry of await readdir(kernels).catch(() => [])) {
      const name = entry.toLowerCase()
      const path = join(kernels, entry)
      if (!/^[a-z0-9._-]+$/.test(name) || found.has(name)) continue
      if (await isFile(join(path, 'kernel.json'))) found.set(name, path)
    }
  }
  return found
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}

async function readSpec(name: string, folder: string): Promise<KernelSpec> {
  const path = join(folder, 'kernel.json')
  try {
    return { name, folder, json: kernelJson.parse(JSON.parse(await readFile(path, 'utf8'))) }
  } catch (cause) {
    if (isSystemError(cause, 'ENOENT')) throw toUnknown(name, [], cause)
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause)
    throw new CygnetError('unavailable', `The kernel ${name} cannot be used: ${path} is wrong: ${why}`, {
      cause,
      mend: `Correct ${path}, or remove ${dirname(path)}.`,
    })
  }
}

function toUnknown(name: string, known: string[], cause?: unknown): CygnetError {
  const mend = known.length === 0 ? 'No kernels are installed.' : `Pick one of these: ${known.join(', ')}.`
  return new CygnetError('not-found', `There is no kernel named ${name.slice(0, 100)}.`, { cause, mend })
}
