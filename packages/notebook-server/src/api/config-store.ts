import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeAtomically } from '@cygnet/core/atomic-file'
import { CygnetError, isSystemError } from '@cygnet/core/errors'
import { isObject, type JsonObject } from '../notebook-format/notebook.ts'

/** What clients keep under `/api/config/<section>`: one JSON file a section in `serverconfig`, as Jupyter Server keeps them. */
export interface ConfigStore {
  /** Empty where there is none. */
  get(section: string): Promise<JsonObject>
  set(section: string, value: JsonObject): Promise<void>
  /** Merges, at every depth; null deletes. Returns the result. */
  update(section: string, changes: JsonObject): Promise<JsonObject>
}

export function createConfigStore(jupyterFolder: string): ConfigStore {
  const folder = join(jupyterFolder, 'serverconfig')
  let turn: Promise<unknown> = Promise.resolve()

  function fileOf(section: string): string {
    if (!/^\w{1,100}$/.test(section)) {
      throw new CygnetError(
        'not-found',
        `A section's name is made of letters, digits and _: "${section.slice(0, 100)}".`,
      )
    }
    return join(folder, `${section}.json`)
  }

  async function get(section: string): Promise<JsonObject> {
    const file = fileOf(section)
    try {
      const value: unknown = JSON.parse(await readFile(file, 'utf8'))
      return isObject(value) ? value : {}
    } catch (cause) {
      if (isSystemError(cause, 'ENOENT', 'ENOTDIR')) return {}
      if (!(cause instanceof SyntaxError)) throw cause
      throw new CygnetError('bad-request', `${file} is no valid JSON: ${cause.message}.`, {
        cause,
        mend: 'Mend or delete it.',
      })
    }
  }

  async function set(section: string, value: JsonObject): Promise<void> {
    const file = fileOf(section)
    await mkdir(folder, { recursive: true })
    await writeAtomically(file, `${JSON.stringify(value, null, 2)}\n`)
  }

  /** One change at a time: it reads what the one before it wrote. */
  function inTurn<Result>(change: () => Promise<Result>): Promise<Result> {
    const result = turn.then(change)
    turn = result.catch(() => undefined)
    return result
  }

  return {
    get,
    set: (section, value) => inTurn(() => set(section, value)),
    update: (section, changes) =>
      inTurn(async () => {
        const merged = merge(await get(section), changes)
        await set(section, merged)
        return merged
      }),
  }
}

function merge(old: JsonObject, changes: JsonObject): JsonObject {
  const merged = new Map(Object.entries(old))
  for (const [key, value] of Object.entries(changes)) {
    const before = merged.get(key)
    if (value === null) merged.delete(key)
    else merged.set(key, isObject(value) ? merge(isObject(before) ? before : {}, value) : value)
  }
  return Object.fromEntries(merged)
}
