import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CygnetError } from '@cygnet/core/errors'
import { toFilePath } from '@cygnet/core/file-name'
import { readNotebook } from '../notebook-format/read-notebook.ts'
import { createTrustStore } from '../notebook-format/trust.ts'
import { emptyNotebook } from '../notebook-format/notebook.ts'
import { writeNotebook } from '../notebook-format/write-notebook.ts'
import { copyEntry, createUntitled, moveEntry, removeEntry } from './change-entry.ts'
import { createCheckpoints, type Checkpoints } from './checkpoints.ts'
import type { EmitContentsEvent } from './events.ts'
import { getContent, type GetOptions } from './get-content.ts'
import type { ContentsModel } from './model.ts'
import { joinPath, parsePath, shown } from './path.ts'
import { createRoot, type Root } from './root.ts'
import { currentModel, saveContent, type SaveRequest } from './save-content.ts'
import { createUploads } from './uploads.ts'

/** The files below one folder, as Jupyter Server's contents API sees them. All paths are API paths (`a/b.ipynb`). */
export interface Contents {
  readonly root: Root
  get(path: string, options: GetOptions): Promise<ContentsModel>
  /** Saves, or takes one piece of an upload where `chunk` is given. What is missing for a new file is filled in. */
  save(path: string, request: SaveRequest & { chunk?: unknown }): Promise<{ model: ContentsModel; isNew: boolean }>
  createUntitled(folder: string, type: string, extension: string): Promise<ContentsModel>
  copy(source: string, target: string): Promise<ContentsModel>
  rename(oldPath: string, newPath: string): Promise<ContentsModel>
  remove(path: string): Promise<void>
  /** Lets a notebook's HTML and JavaScript be shown. */
  trust(path: string): Promise<void>
  isFile(path: string): Promise<boolean>
  isFolder(path: string): Promise<boolean>
  readonly checkpoints: Checkpoints
  /** Throws away uploads that are unfinished. */
  close(): Promise<void>
}

export interface ContentsOptions {
  folder: string
  /** A private folder for signatures of trusted notebooks and for checkpoints that find no other place; made when needed. */
  stateFolder: string
  emit: EmitContentsEvent
}

export async function createContents(options: ContentsOptions): Promise<Contents> {
  const { emit } = options
  const root = await createRoot(options.folder)
  const trust = createTrustStore(join(options.stateFolder, 'trust'))
  const checkpoints = createCheckpoints(root, join(options.stateFolder, 'checkpoints'))
  const uploads = createUploads(root)

  async function statusOf(path: string): Promise<Stats | undefined> {
    try {
      return await stat(toFilePath(await root.resolve(path)))
    } catch {
      return undefined
    }
  }

  async function isFile(path: string): Promise<boolean> {
    return (await statusOf(path))?.isFile() ?? false
  }

  async function saveWhole(path: string, request: SaveRequest, isNew: boolean): Promise<ContentsModel> {
    const complete = isNew ? withDefaults(path, request) : request
    const model = await saveContent(root, trust, path, complete)
    if (model.type === 'notebook') await firstCheckpoint(checkpoints, path)
    emit({ action: 'save', path: model.path })
    return model
  }

  return {
    root,
    checkpoints,
    isFile,
    isFolder: async (path) => (await statusOf(path))?.isDirectory() ?? false,

    async get(path, getOptions) {
      const model = await getContent(root, trust, path, getOptions)
      emit({ action: 'get', path: model.path })
      return model
    },

    async save(path, request) {
      const isNew = !(await isFile(path))
      if (request.chunk === undefined || request.chunk === null) {
        return { model: await saveWhole(path, request, isNew), isNew }
      }
      const { chunk } = request
      if (typeof chunk !== 'number' || !Number.isInteger(chunk) || chunk === 0 || chunk < -1) {
        throw new CygnetError(
          'bad-request',
          `"chunk" is 1, 2, 3 ... and -1 for the last, not ${JSON.stringify(chunk)}.`,
        )
      }
      if (request.type !== 'file') {
        throw new CygnetError(
          'bad-request',
          `Only a file can be sent in pieces, not a ${JSON.stringify(request.type)}.`,
        )
      }
      const model = await uploads.add(path, { chunk, content: request.content, format: request.format })
      if (chunk !== -1) return { model, isNew }
      emit({ action: 'save', path: model.path })
      return { model: { ...(await currentModel(root, model.path)), type: 'file' }, isNew }
    },

    async createUntitled(folder, type, extension) {
      const model = await currentModel(root, await createUntitled(root, folder, type, extension))
      if (model.type === 'notebook') await firstCheckpoint(checkpoints, model.path)
      emit({ action: 'save', path: model.path })
      return model
    },

    async copy(source, target) {
      const path = await copyEntry(root, source, target)
      emit({ action: 'copy', path, source_path: joinPath(parsePath(source)) })
      return currentModel(root, path)
    },

    async rename(oldPath, newPath) {
      const [source, path] = [joinPath(parsePath(oldPath)), joinPath(parsePath(newPath))]
      if (source !== path) {
        const { from, to } = await moveEntry(root, source, path)
        // The file is renamed by now: a checkpoint that cannot follow is no reason to say that it is not.
        await checkpoints.follow(from, to).catch(() => undefined)
        emit({ action: 'rename', path, source_path: source })
      }
      return currentModel(root, path)
    },

    async remove(path) {
      const entry = await removeEntry(root, path)
      await checkpoints.forget(entry).catch(() => undefined)
      emit({ action: 'delete', path: joinPath(parsePath(path)) })
    },

    async trust(path) {
      const file = await root.openFile(path)
      try {
        const { notebook } = readNotebook(await file.readFile('utf8'), shown(path))
        await trust.sign(writeNotebook(notebook))
      } finally {
        await file.close()
      }
    },

    close: () => uploads.close(),
  }
}

function withDefaults(path: string, request: SaveRequest): SaveRequest {
  const type = request.type ?? (path.endsWith('.ipynb') ? 'notebook' : 'file')
  if (type === 'directory' || request.content !== undefined) return { ...request, type }
  return type === 'notebook'
    ? { type, format: 'json', content: emptyNotebook() }
    : { type: 'file', format: 'text', content: '' }
}

/** A notebook always has one, so that "revert" is possible. One that cannot be made does not keep the notebook from being saved. */
async function firstCheckpoint(checkpoints: Checkpoints, path: string): Promise<void> {
  try {
    if ((await checkpoints.list(path)).length === 0) await checkpoints.create(path)
  } catch {
    // Whoever asks for a checkpoint gets the reason.
  }
}
