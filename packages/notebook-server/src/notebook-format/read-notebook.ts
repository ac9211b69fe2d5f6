import { CygnetError } from '@cygnet/core/errors'
import { ExactNumber, parsePythonJson } from '@cygnet/core/python-json'
import { giveIds } from './cell-ids.ts'
import { withJoinedLines } from './lines.ts'
import { isObject, type JsonObject, type Notebook } from './notebook.ts'
import { upgradeNotebook } from './upgrade.ts'
import { findFault } from './validate.ts'

export interface ReadNotebook {
  notebook: Notebook
  /** What was or is wrong with it by the rules of its format, in words; undefined where it is valid. */
  fault: string | undefined
}

/**
 * Reads the text of a notebook file, of format 2 to 4, as format 4 with joined lines.
 * @param name - of the file, for the message
 * @throws CygnetError `bad-request` that names the file and says why it is no notebook
 */
export function readNotebook(text: string, name: string): ReadNotebook {
  let value: unknown
  try {
    value = parsePythonJson(text.startsWith('\uFEFF') ? text.slice(1) : text)
  } catch (cause) {
    throw unreadable(name, text.trim() === '' ? 'it is empty' : `it is no JSON (${reason(cause)})`, cause)
  }
  const read = toNotebook(value, name)
  // A file cannot vouch for itself.
  for (const cell of read.notebook.cells) if (isObject(cell.metadata)) delete cell.metadata['trusted']
  return read
}

/**
 * Takes a parsed value for a notebook: upgrades, joins lines, gives cells the ids they need. Marks of trust stay.
 * @throws CygnetError `bad-request`
 */
export function toNotebook(value: unknown, name: string): ReadNotebook {
  if (!isObject(value)) throw unreadable(name, 'it is no JSON object')
  const version = toPlain(value['nbformat']) ?? 1
  if (version === 2 || version === 3) return withFault(upgradeNotebook(value))
  if (version !== 4) {
    throw unreadable(name, `its format is ${JSON.stringify(version)}; formats 2 to 4 can be read`)
  }
  const { cells } = value
  if (!Array.isArray(cells)) throw unreadable(name, 'it has no list of cells')
  const strange = cells.findIndex((cell) => !isObject(cell))
  if (strange >= 0) throw unreadable(name, `cell ${strange + 1} is no object`)
  const minor = toPlain(value['nbformat_minor'])
  const mended = typeof minor === 'number' ? minor : likelyMinor(cells as JsonObject[])
  const notebook = cleaned({ ...(value as Notebook), nbformat: 4, nbformat_minor: mended })
  const fault = findStrangeId(notebook)
  if (mended >= 5) giveIds(notebook.cells)
  if (mended === minor) return fault === undefined ? withFault(notebook) : { notebook, fault }
  return { notebook, fault: `it has no nbformat_minor that is a number; it is read as format 4.${mended}` }
}

function withFault(notebook: Notebook): ReadNotebook {
  return { notebook, fault: findFault(notebook) }
}

function toPlain(value: unknown): unknown {
  return value instanceof ExactNumber ? Number(value.text) : value
}

/** Cells have ids since 4.5, and 4.4 allows all that came before. */
function likelyMinor(cells: JsonObject[]): number {
  return cells.some((cell) => 'id' in cell) ? 5 : 4
}

function cleaned(notebook: Notebook): Notebook {
  if (!isObject(notebook.metadata)) notebook.metadata = {}
  for (const key of ['orig_nbformat', 'orig_nbformat_minor', 'signature']) delete notebook.metadata[key]
  return { ...notebook, cells: notebook.cells.map(withJoinedLines) }
}

/** Says so where an id is there and is no text; one that is missing or there twice is mended without a word, as by nbformat. */
function findStrangeId({ nbformat_minor: minor, cells }: Notebook): string | undefined {
  const index = cells.findIndex(({ id }) => id !== undefined && typeof id !== 'string')
  if (minor < 5 || index === -1) return undefined
  return `cell ${index + 1}: its id is ${JSON.stringify(cells[index]?.['id'])?.slice(0, 80)}, not text; it has a new one`
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
