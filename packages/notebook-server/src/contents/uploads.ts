import { readdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { CygnetError, isSystemError } from '@cygnet/core/errors'
import { toFileName, toFilePath } from '@cygnet/core/file-name'
import { decodeContent } from './decode-content.ts'
import { toModelWith, type ContentsModel } from './model.ts'
import { temporaryPrefix } from './open-temporary.ts'
import { joinPath, parsePath, shown } from './path.ts'
import { diskFull, openReplacement, type Replacement } from './replacement.ts'
import type { Root } from './root.ts'

/**
 * Uploads in pieces, as JupyterLab sends large files: `chunk` is 1, 2, 3 ... and -1 for the last. Unlike Jupyter Server's, a file keeps its old
 * content until the last piece is there.
 */
export interface Uploads {
  /** @throws CygnetError `conflict` for a piece that does not follow the one before it */
  add(path: string, piece: Piece): Promise<ContentsModel>
  /** Throws away what is unfinished. */
  close(): Promise<void>
}

export interface Piece {
  chunk: number
  content: unknown
  format: unknown
}

interface Upload {
  replacement: Replacement
  chunks: number
  idle: NodeJS.Timeout
}

const patience = 60 * 60 * 1000
const leftoverAge = 24 * 60 * 60 * 1000

export function createUploads(root: Root): Uploads {
  const uploads = new Map<string, Upload>()
  /** Pieces of one file are handled one after another, whatever a client does. */
  const turns = new Map<string, Promise<unknown>>()

  async function addPiece(path: string, piece: Piece): Promise<ContentsModel> {
    if (piece.chunk === 1) await begin(path)
    const upload = uploads.get(path)
    if (upload === undefined || (piece.chunk !== -1 && piece.chunk !== upload.chunks + 1)) {
      throw new CygnetError('conflict', `The upload of ${shown(path)} was interrupted before piece ${piece.chunk}.`, {
        mend: 'Upload the file again from its beginning.',
      })
    }
    upload.idle.refresh()
    try {
      await decodeContent(upload.replacement.file, piece.content, piece.format, path)
      upload.chunks += 1
      const status = await upload.replacement.file.stat()
      if (piece.chunk === -1) await finish(path)
      return { ...toModelWith(path, status, true), type: 'file' }
    } catch (error) {
      await drop(path)
      throw isSystemError(error, 'ENOSPC', 'EDQUOT') ? diskFull(path, error) : error
    }
  }

  async function begin(path: string): Promise<void> {
    await drop(path)
    const replacement = await openReplacement(root, path)
    const idle = setTimeout(() => void drop(path), patience)
    idle.unref()
    uploads.set(path, { replacement, chunks: 0, idle })
    await sweep(dirname(await root.locate(path)))
  }

  async function finish(path: string): Promise<void> {
    await uploads.get(path)?.replacement.commit()
    await drop(path)
  }

  async function drop(path: string): Promise<void> {
    const upload = uploads.get(path)
    if (upload === undefined) return
    uploads.delete(path)
    clearTimeout(upload.idle)
    await upload.replacement.discard()
  }

  return {
    async add(path, piece) {
      const apiPath = joinPath(parsePath(path))
      const turn = (turns.get(apiPath) ?? Promise.resolve()).then(() => addPiece(apiPath, piece))
      const settled = turn.catch(() => undefined)
      turns.set(apiPath, settled)
      try {
        return await turn
      } finally {
        if (turns.get(apiPath) === settled) turns.delete(apiPath)
      }
    },
    async close() {
      await Promise.all([...uploads.keys()].map(drop))
    },
  }
}

/** Removes what a server that was killed left in this folder. */
async function sweep(folder: string): Promise<void> {
  const names = (await readdir(toFilePath(folder), { encoding: 'buffer' })).map((name) => toFileName(name))
  for (const name of names.filter((one) => one.startsWith(temporaryPrefix))) {
    const path = join(folder, name)
    const status = await stat(toFilePath(path)).catch(() => undefined)
    if (status !== undefined && Date.now() - status.mtimeMs > leftoverAge) await rm(toFilePath(path), { force: true })
  }
}
