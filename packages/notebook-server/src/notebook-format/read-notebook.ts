import { CygnetError } from '@cygnet/core/errors'
import { withJoinedLines } from './lines.ts'
import { isObject, type Notebook } from './notebook.ts'
import { createCellId, upgradeNotebook } from './upgrade.ts'

/**
 * Reads the text of a notebook file, of format 2 to 4, as format 4 with joined lines.
 * @param name - of the file, for the message
 * @throws CygnetError `bad-request` that names the file and says why it is no notebook
 */
export function readNotebook(text: string, name: string): Notebook {
  let value: unknown
  try {
    value = JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text)
  } catch (cause) {
    throw unreadable(name, text.trim() === '' ? 'it is empty' : `it is no JSON (${reason(cause)})`, cause)
  }
  const notebook = toNotebook(value, name)
  // A file cannot vouch for itself.
  for (const cell of notebook.cells) if (isObject(cell.metadata)) delete cell.metadata['trusted']
  return notebook
}

/**
 * Takes a parsed value for a notebook: upgrades, joins lines, gives cells the ids they need. Marks of trust stay.
 * @throws CygnetError `bad-request`
 */
export function toNotebook(value: unknown, name: string): Notebook {
  if (!isObject(value)) throw unreadable(name, 'it is no JSON object')
  const version = value['nbformat'] ?? 1
  if (version === 2 || version === 3) return upgradeNotebook(value)
  if (version !== 4) {
    throw unreadable(name, `its format is ${JSON.stringify(version)}; formats 2 to 4 can be read`)
  }
  if (!Array.isArray(value['cells'])) throw unreadable(name, 'it has no list of cells')
  const strange = value['cells'].findIndex((cell) => !isObject(cell))
  if (strange >= 0) throw unreadable(name, `cell ${strange + 1} is no object`)
  if (typeof value['nbformat_minor'] !== 'number') throw unreadable(name, 'it has no nbformat_minor')
  return withIds(cleaned(value as Notebook))
}

function cleaned(notebook: Notebook): Notebook {
  if (!isObject(notebook.metadata)) notebook.metadata = {}
  for (const key of ['orig_nbformat', 'orig_nbformat_minor', 'signature']) delete notebook.metadata[key]
  return { ...notebook, cells: notebook.cells.map(withJoinedLines) }
}

/** From 4.5 on every cell has an id that no other has. */
function withIds(notebook: Notebook): Notebook {
  if (notebook.nbformat_minor < 5) return notebook
  const seen = new Set<unknown>()
  for (const cell of notebook.cells) {
    if (typeof cell['id'] !== 'string' || seen.has(cell['id'])) cell['id'] = createCellId()
    seen.add(cell['id'])
  }
  return notebook
}

function unreadable(name: string, why: string, cause?: unknown): CygnetError {
  return new CygnetError('bad-request', `Unreadable notebook "${name}": ${why}.`, {
    cause,
    mend: 'Open it as text to see what it holds: right click, Open With, Editor.',
  })
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message.slice(0, 200) : String(cause)
}
