import { createHmac, randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { writeAtomically } from '@cygnet/core/atomic-file'
import { isSystemError } from '@cygnet/core/errors'
import { isObject, outputsOf, type Cell, type Notebook } from './notebook.ts'
import { writeNotebook } from './write-notebook.ts'

/**
 * Which notebooks a person has run or trusted. The HTML and JavaScript of another's notebook are not run until then: a trusted one is
 * known by a signature of its content (HMAC-SHA256 with a secret of the home), so that it is trusted under any name and no longer once it is changed elsewhere.
 */
export interface TrustStore {
  /** Signs the text of a notebook file, as {@link writeNotebook} makes it. */
  sign(text: string): Promise<void>
  /** True where this content was signed. `text` is what the file holds. */
  knows(notebook: Notebook, text: string): Promise<boolean>
}

const signaturesKept = 10_000

/** @param folder - private to the user; made at the first signature */
export function createTrustStore(folder: string): TrustStore {
  const signaturesFile = join(folder, 'trusted-notebooks')
  let known: { time: number; size: number; signatures: Set<string> } | undefined
  let secret: Buffer | undefined

  async function signatureOf(text: string): Promise<string> {
    secret ??= await loadSecret(folder)
    return createHmac('sha256', secret).update(text).digest('hex')
  }

  /** Read again when another server of the same home has added to it. */
  async function signatures(): Promise<Set<string>> {
    const status = await stat(signaturesFile).catch(() => undefined)
    if (status === undefined) return new Set()
    if (known?.time !== status.mtimeMs || known.size !== status.size) {
      const lines = (await readFile(signaturesFile, 'utf8')).split('\n').filter((line) => line !== '')
      known = { time: status.mtimeMs, size: status.size, signatures: new Set(lines) }
    }
    return known.signatures
  }

  return {
    async sign(text) {
      const signature = await signatureOf(text)
      const all = await signatures()
      if (all.has(signature)) return
      if (all.size >= signaturesKept) {
        const kept = [...all].slice(-signaturesKept / 2)
        await writeAtomically(signaturesFile, `${[...kept, signature].join('\n')}\n`, 0o600)
        return
      }
      const file = await open(signaturesFile, 'a', 0o600)
      try {
        await file.appendFile(`${signature}\n`)
      } finally {
        await file.close()
      }
    },

    async knows(notebook, text) {
      const all = await signatures()
      if (all.size === 0) return false
      // A file that another program wrote says the same in another way.
      return all.has(await signatureOf(text)) || all.has(await signatureOf(writeNotebook(notebook)))
    },
  }
}

/** Sets `metadata.trusted` on every code cell, for a client. */
export function markCells(notebook: Notebook, trusted: boolean): void {
  for (const cell of notebook.cells) {
    if (cell.cell_type === 'code' && isObject(cell.metadata)) cell.metadata['trusted'] = trusted
  }
}

/** True where every code cell is marked as trusted or shows nothing that could do harm. */
export function isTrustworthy(notebook: Notebook): boolean {
  return notebook.cells.every((cell) => cell.cell_type !== 'code' || isTrustworthyCell(cell))
}

const harmless = new Set(['text/plain', 'image/png', 'image/jpeg'])

function isTrustworthyCell(cell: Cell): boolean {
  if (isObject(cell.metadata) && cell.metadata['trusted'] === true) return true
  return outputsOf(cell).every((output) => {
    if (output['output_type'] !== 'execute_result' && output['output_type'] !== 'display_data') return true
    return isObject(output['data']) && Object.keys(output['data']).every((type) => harmless.has(type))
  })
}

async function loadSecret(folder: string): Promise<Buffer> {
  const file = join(folder, 'notebook-secret')
  try {
    return await readFile(file)
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error
  }
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const created = join(folder, `.notebook-secret.${randomBytes(6).toString('hex')}`)
  try {
    await writeAtomically(created, randomBytes(64), 0o600)
    await link(created, file)
  } catch (error) {
    // Another server of the same home was first.
    if (!isSystemError(error, 'EEXIST')) throw error
  } finally {
    await rm(created, { force: true })
  }
  return readFile(file)
}
