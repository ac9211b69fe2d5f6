import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { CygnetError } from '@cygnet/core/errors'
import { isObject, type JsonObject } from '../notebook-format/notebook.ts'
import type { LabBundle } from './bundle.ts'

/** The schemas of the settings of JupyterLab's plug-ins, with the bundle's own defaults put in. */
export interface SchemaStore {
  /** Sorted from the last to the first, as JupyterLab's server does. */
  ids(): Promise<string[]>
  /** @throws CygnetError `not-found` */
  get(id: string): Promise<{ text: string; version: string }>
}

interface Schema {
  text: string
  version: string
}

/** `@jupyterlab/apputils-extension:themes` and the like. @throws CygnetError `not-found` for anything else */
export function parseSettingsId(id: string): { package: string; plugin: string } {
  const [, owner, plugin] = /^((?:@[\w.-]+\/)?[\w.-]+):([\w.-]+)$/.exec(id) ?? []
  const components = owner?.split('/') ?? []
  if (owner === undefined || plugin === undefined || [...components, plugin].some((one) => /^\.+$/.test(one))) {
    throw new CygnetError('not-found', `Settings not found: "${id.slice(0, 200)}".`)
  }
  return { package: owner, plugin }
}

/** Reads all schemas at the first question and keeps them: a bundle does not change while it is served. */
export function createSchemaStore(bundle: LabBundle): SchemaStore {
  let loading: Promise<Map<string, Schema>> | undefined

  function load(): Promise<Map<string, Schema>> {
    loading ??= loadSchemas(bundle).catch((error: unknown) => {
      loading = undefined
      throw error
    })
    return loading
  }

  return {
    ids: async () => [...(await load()).keys()],
    async get(id) {
      const schema = (await load()).get(id)
      if (schema !== undefined) return schema
      throw new CygnetError('not-found', `Schema not found: "${id.slice(0, 200)}".`)
    },
  }
}

async function loadSchemas(bundle: LabBundle): Promise<Map<string, Schema>> {
  const folder = join(bundle.folder, 'schemas')
  const overrides = (await bundle.json('overrides.json')) ?? {}
  const names = await readdir(folder, { recursive: true }).catch(() => [])
  const files = names.filter((name) => name.endsWith('.json') && !name.endsWith('package.json'))
  const versions = new Map<string, Promise<string>>()

  const entries = await Promise.all(
    files.map(async (name): Promise<[string, Schema]> => {
      const owner = dirname(name).split(sep).join('/')
      const id = `${owner}:${relative(owner, name).slice(0, -'.json'.length)}`
      const version = versions.get(owner) ?? readVersion(join(folder, owner))
      versions.set(owner, version)
      const schema = JSON.parse(await readFile(join(folder, name), 'utf8')) as JsonObject
      if (isObject(overrides[id])) override(schema, overrides[id])
      return [id, { text: JSON.stringify(schema), version: await version }]
    }),
  )
  return new Map(entries.toSorted(([left], [right]) => (left < right ? 1 : -1)))
}

async function readVersion(folder: string): Promise<string> {
  try {
    const value: unknown = JSON.parse(await readFile(join(folder, 'package.json.orig'), 'utf8'))
    return isObject(value) && typeof value['version'] === 'string' ? value['version'] : 'N/A'
  } catch {
    return 'N/A'
  }
}

/** Puts other defaults into a schema, in place; those that are objects are merged. */
function override(schema: JsonObject, defaults: JsonObject): void {
  const properties: JsonObject = isObject(schema['properties']) ? schema['properties'] : {}
  schema['properties'] = properties
  for (const [key, value] of Object.entries(defaults)) {
    const property = properties[key]
    if (!isObject(property)) {
      properties[key] = { default: value }
      continue
    }
    const before = property['default']
    property['default'] = isObject(value) && isObject(before) ? merge(before, value) : value
  }
}

function merge(old: JsonObject, changes: JsonObject): JsonObject {
  const merged = { ...old }
  for (const [key, value] of Object.entries(changes)) {
    const before = merged[key]
    merged[key] = isObject(value) && isObject(before) ? merge(before, value) : value
  }
  return merged
}
