import { ServiceError } from '@cygnet/contract/client'
import { createFolder, getEntry } from '@cygnet/contract/v1/files'
import { call } from '../api/client.ts'
import { freeName, joinPath, parentOf, nameOf } from '../files/path.ts'
import { sendFile } from './send-file.ts'
import { totalsOf, type Resolution, type Selected, type Upload, type UploadState } from './upload.ts'

/** So many at once: one alone leaves the line idle between small files. */
const atOnce = 3

/** Sends files into folders, a few at a time, and keeps what became of each. One for the whole portal. */
export class Uploads {
  #uploads: readonly Upload[] = []
  readonly #listeners = new Set<() => void>()
  readonly #running = new Map<number, AbortController>()
  /** The names in each target folder, so that a file that is there already is not sent for nothing. */
  readonly #taken = new Map<string, Promise<Set<string>>>()
  readonly #onArrival: (tree: string) => void
  #lastId = 0
  #forAll: Resolution | null = null
  #announced = false

  constructor(onArrival: (tree: string) => void) {
    this.#onArrival = onArrival
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  readonly snapshot = (): readonly Upload[] => this.#uploads

  /** Makes the folders, then sends the files. */
  async add(tree: string, folder: string, selected: Selected): Promise<void> {
    if (!totalsOf(this.#uploads).busy) {
      this.#uploads = []
      this.#taken.clear()
      this.#forAll = null
    }
    const added = selected.files.map(({ path, file }): Upload => {
      const target = joinPath(folder, path)
      const [into, name] = [parentOf(target), nameOf(target)]
      return { id: ++this.#lastId, tree, folder: into, name, file, mode: 'new', state: { at: 'waiting' } }
    })
    const folders = new Set([
      ...added.map((upload) => upload.folder),
      ...selected.emptyFolders.map((path) => joinPath(folder, path)),
    ])
    folders.delete(folder)
    const failures = await this.#createFolders(tree, [...folders])
    for (const upload of added) upload.state = failures.get(upload.folder) ?? upload.state
    this.#uploads = [...this.#uploads, ...added]
    if (folders.size > 0) this.#onArrival(tree)
    this.#changed()
    this.#next()
  }

  /** Answers the question about a file that is there already, for it alone or for all that follow. */
  resolve(id: number, resolution: Resolution, forAll: boolean): void {
    if (forAll) this.#forAll = resolution
    const asked = this.#uploads.filter(({ state, id: each }) => state.at === 'conflict' && (forAll || each === id))
    for (const upload of asked) void this.#settle(upload, resolution)
  }

  cancel(id: number): void {
    const running = this.#running.get(id)
    if (running !== undefined) running.abort(new DOMException('Cancelled by the user.', 'AbortError'))
    else this.#set(id, { at: 'cancelled' })
    this.#next()
  }

  cancelAll(): void {
    for (const { id, state } of this.#uploads)
      if (state.at === 'waiting' || state.at === 'sending' || state.at === 'conflict') this.cancel(id)
  }

  retry(id: number): void {
    this.#set(id, { at: 'waiting' })
    this.#next()
  }

  /** Forgets what is over. */
  clear(): void {
    this.#uploads = this.#uploads.filter(({ state }) => ['waiting', 'sending', 'conflict'].includes(state.at))
    this.#changed()
  }

  #next(): void {
    while (this.#running.size < atOnce) {
      const upload = this.#uploads.find(({ state, id }) => state.at === 'waiting' && !this.#running.has(id))
      if (upload === undefined) return
      const controller = new AbortController()
      this.#running.set(upload.id, controller)
      this.#set(upload.id, { at: 'sending', sent: 0 })
      void this.#run(upload, controller.signal).then(() => {
        this.#running.delete(upload.id)
        this.#next()
      })
    }
  }

  async #run(upload: Upload, signal: AbortSignal): Promise<void> {
    const path = joinPath(upload.folder, upload.name)
    try {
      const taken = await this.#namesIn(upload.tree, upload.folder)
      if (upload.mode === 'new' && taken.has(upload.name)) return await this.#conflict(upload)
      signal.throwIfAborted()
      const onSent = (sent: number) => this.#set(upload.id, { at: 'sending', sent })
      const target = { tree: upload.tree, path, overwrite: upload.mode === 'overwrite' }
      await sendFile(target, upload.file, onSent, signal)
      taken.add(upload.name)
      this.#set(upload.id, { at: 'done' })
      this.#onArrival(upload.tree)
    } catch (error) {
      if (signal.aborted) return this.#set(upload.id, { at: 'cancelled' })
      if (error instanceof ServiceError && error.status === 409 && upload.mode !== 'overwrite') {
        this.#taken.delete(`${upload.tree} ${upload.folder}`)
        return await this.#conflict(upload)
      }
      this.#set(upload.id, toFailure(error))
    }
  }

  async #conflict(upload: Upload): Promise<void> {
    if (this.#forAll === null) this.#set(upload.id, { at: 'conflict' })
    else await this.#settle(upload, this.#forAll)
  }

  async #settle(upload: Upload, resolution: Resolution): Promise<void> {
    if (resolution === 'skip') return this.#set(upload.id, { at: 'skipped' })
    if (resolution === 'overwrite') this.#replace({ ...upload, mode: 'overwrite', state: { at: 'waiting' } })
    else {
      const taken = await this.#namesIn(upload.tree, upload.folder).catch(() => new Set<string>())
      const name = freeName(upload.name, taken)
      // Taken from now on, so that a second file of this name gets the next number.
      taken.add(name)
      this.#replace({ ...upload, name, mode: 'reserved', state: { at: 'waiting' } })
    }
    this.#next()
  }

  #namesIn(tree: string, folder: string): Promise<Set<string>> {
    const key = `${tree} ${folder}`
    const known = this.#taken.get(key)
    if (known !== undefined) return known
    const asked = call(getEntry, { params: { tree }, query: { path: folder } }).then(
      (entry) => new Set(entry.children?.map(({ name }) => name)),
    )
    this.#taken.set(key, asked)
    asked.catch(() => this.#taken.delete(key))
    return asked
  }

  async #createFolders(tree: string, folders: string[]): Promise<Map<string, UploadState>> {
    const failures = new Map<string, UploadState>()
    // A folder makes the ones above it: only the deepest have to be asked for.
    const deepest = folders.filter((folder) => !folders.some((other) => other.startsWith(`${folder}/`)))
    for (const path of deepest) {
      try {
        await call(createFolder, { params: { tree }, body: { path } })
      } catch (error) {
        if (await isFolder(tree, path)) continue
        for (const folder of folders)
          if (path === folder || path.startsWith(`${folder}/`)) failures.set(folder, toFailure(error))
      }
    }
    return failures
  }

  #set(id: number, state: UploadState): void {
    const upload = this.#uploads.find((each) => each.id === id)
    if (upload !== undefined) this.#replace({ ...upload, state })
  }

  #replace(upload: Upload): void {
    this.#uploads = this.#uploads.map((each) => (each.id === upload.id ? upload : each))
    this.#changed()
  }

  /** Tells the pages, at most ten times a second: thousands of small files finish faster than a page is drawn. */
  #changed(): void {
    if (this.#announced) return
    this.#announced = true
    setTimeout(() => {
      this.#announced = false
      for (const listener of this.#listeners) listener()
    }, 100)
  }
}

async function isFolder(tree: string, path: string): Promise<boolean> {
  try {
    return (await call(getEntry, { params: { tree }, query: { path } })).kind === 'folder'
  } catch {
    return false
  }
}

function toFailure(error: unknown): UploadState {
  const message = error instanceof Error ? error.message : 'It could not be sent.'
  return { at: 'failed', message, mend: error instanceof ServiceError ? error.mend : undefined }
}
