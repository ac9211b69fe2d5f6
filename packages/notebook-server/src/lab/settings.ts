import { mkdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { writeAtomically } from '@cygnet/core/atomic-file'
import { CygnetError, isSystemError } from '@cygnet/core/errors'
import { toTime } from '../contents/model.ts'
import type { JsonObject } from '../notebook-format/notebook.ts'
import { parseJson5, validateSettings } from './settings-values.ts'
import { parseSettingsId, type SchemaStore } from './schemas.ts'

/** A person's settings for one plug-in of JupyterLab, as the text they wrote (JSON with comments) and as values. */
export interface UserSettings {
  raw: string
  settings: JsonObject
  created: string | null
  last_modified: string | null
  warning: string | null
}

export interface SettingsStore {
  /** The answer's text for one plug-in. @throws CygnetError `not-found` */
  one(id: string): Promise<string>
  /** The answer's text for all of them. */
  all(): Promise<string>
  ids(): Promise<string[]>
  /** @throws CygnetError `not-found`, `bad-request` where the text is no JSON5 or does not fit the schema */
  save(id: string, raw: string): Promise<void>
}

const none: UserSettings = { raw: '{}', settings: {}, created: null, last_modified: null, warning: null }

/** @param folder - of the person's settings, such as `~/.jupyter/lab/user-settings`; made when something is saved */
export function createSettingsStore(folder: string, schemas: SchemaStore): SettingsStore {
  function fileOf(id: string): string {
    const { package: owner, plugin } = parseSettingsId(id)
    return join(folder, owner, `${plugin}.jupyterlab-settings`)
  }

  async function read(id: string, schema: string): Promise<UserSettings> {
    const file = fileOf(id)
    try {
      const [raw, status] = await Promise.all([readFile(file, 'utf8'), stat(file)])
      const times = { created: toTime(status.ctimeMs), last_modified: toTime(status.mtimeMs) }
      if (raw.trim() === '') return { ...none, ...times }
      try {
        const settings = await parseJson5(raw)
        await validateSettings(JSON.parse(schema) as JsonObject, settings)
        return { raw, settings, ...times, warning: null }
      } catch (error) {
        if (!(error instanceof CygnetError)) throw error
        return { ...none, ...times, warning: `Failed validating settings (${id}): ${error.message}` }
      }
    } catch (error) {
      if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return none
      throw error
    }
  }

  /** Put together as text: the schemas make up most of it, and nobody here looks into them. */
  async function toText(id: string, inList: boolean): Promise<string> {
    const { text, version } = await schemas.get(id)
    const { warning, ...own } = await read(id, text)
    const rest = JSON.stringify({ id, version, ...own, ...(inList ? { warning } : {}) })
    return `${rest.slice(0, -1)},"schema":${text}}`
  }

  return {
    one: (id) => toText(id, false),
    ids: () => schemas.ids(),
    async all() {
      const ids = await schemas.ids()
      const texts = await Promise.all(ids.map((id) => toText(id, true)))
      return `{"settings":[${texts.join(',')}]}`
    },
    async save(id, raw) {
      const { text } = await schemas.get(id)
      await validateSettings(JSON.parse(text) as JsonObject, await parseJson5(raw))
      const file = fileOf(id)
      await mkdir(dirname(file), { recursive: true })
      await writeAtomically(file, raw)
    },
  }
}
