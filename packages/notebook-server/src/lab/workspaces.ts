import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { writeAtomically } from '@cygnet/core/atomic-file'
import { CygnetError, isSystemError } from '@cygnet/core/errors'
import { toTime } from '../contents/model.ts'
import { isObject, textOf, type JsonObject } from '../notebook-format/notebook.ts'

/** The layouts that JupyterLab saves, one file each. Source: jupyterlab_server/workspaces_handler.py. */
export interface WorkspaceStore {
  list(): Promise<{ ids: string[]; values: JsonObject[] }>
  /** An empty one where there is none. */
  get(name: string): Promise<JsonObject>
  /** @throws CygnetError `bad-request` for what is no workspace of that name */
  save(name: string, text: string): Promise<void>
  /** @throws CygnetError `not-found` */
  remove(name: string): Promise<void>
}

const extension = '.jupyterlab-workspace'

/** @param folder - such as `~/.jupyter/lab/workspaces`; made when something is saved */
export function createWorkspaceStore(folder: string): WorkspaceStore {
  return {
    async list() {
      const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(extension)).toSorted()
      const found = await Promise.all(names.map((name) => read(join(folder, name))))
      const values = found.filter((workspace) => workspace !== undefined)
      return { ids: values.map(idOf), values }
    },
    async get(name) {
      const found = await read(join(folder, fileName(name)))
      return found ?? { data: {}, metadata: { id: name.startsWith('/') ? name : `/${name}` } }
    },
    async save(name, text) {
      const workspace = parse(text)
      const id = idOf(workspace)
      const plain = decoded(id.startsWith('/') ? id.slice(1) : id)
      if (plain !== name) {
        throw new CygnetError('bad-request', `Workspace metadata ID mismatch: expected "${name}" got "${id}".`)
      }
      await mkdir(folder, { recursive: true })
      await writeAtomically(join(folder, fileName(name)), text)
    },
    async remove(name) {
      try {
        await rm(join(folder, fileName(name)))
      } catch (cause) {
        if (!isSystemError(cause, 'ENOENT', 'ENOTDIR')) throw cause
        throw new CygnetError('not-found', `Workspace "${name}" not found.`, { cause })
      }
    },
  }
}

/** Letters, digits, `_` and `-` of the name, and four digits of its hash so that two never meet: JupyterLab's own scheme. */
export function fileName(name: string): string {
  const signature = `-${createHash('sha256')
    .update(name.startsWith('/') ? name.slice(1) : name)
    .digest('hex')
    .slice(0, 4)}`
  const slug = decoded(name.toLowerCase())
    .normalize('NFKC')
    .replaceAll(/[^\x20-\x7e\t\n\r]/g, '')
    .replaceAll(/[^\w\s-]/g, '')
    .trim()
    .replaceAll(/[-\s]+/g, '-')
  return slug.slice(0, 128 - extension.length - signature.length) + signature + extension
}

async function read(file: string): Promise<JsonObject | undefined> {
  try {
    const [text, status] = await Promise.all([readFile(file, 'utf8'), stat(file)])
    const workspace: unknown = JSON.parse(text)
    if (!isObject(workspace) || !isObject(workspace['metadata'])) return undefined
    const times = { last_modified: toTime(status.mtimeMs), created: toTime(status.ctimeMs) }
    return { ...workspace, metadata: { ...workspace['metadata'], ...times } }
  } catch (error) {
    // A broken one counts as none: the next layout that is saved replaces it.
    if (error instanceof SyntaxError || isSystemError(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}

function parse(text: string): JsonObject {
  let workspace: unknown
  try {
    workspace = JSON.parse(text)
  } catch (cause) {
    throw new CygnetError('bad-request', `The workspace is no valid JSON: ${String(cause).slice(0, 200)}.`, { cause })
  }
  if (isObject(workspace) && isObject(workspace['metadata']) && typeof workspace['metadata']['id'] === 'string')
    return workspace
  throw new CygnetError('bad-request', 'A workspace has "metadata" with its "id".')
}

function idOf(workspace: JsonObject): string {
  return isObject(workspace['metadata']) ? textOf(workspace['metadata']['id']) : ''
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
