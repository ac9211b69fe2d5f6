import { z } from 'zod'
import { configSchema, parseConfig } from './config.ts'

/** One key of the configuration, for people. */
export interface ConfigKey {
  /** With dots between levels: `servers.cores.max`. */
  key: string
  type: string
  /** As JSON; undefined where there is none. */
  default: string | undefined
  help: string
}

interface JsonSchema {
  type?: string
  enum?: unknown[]
  description?: string
  properties?: Record<string, JsonSchema>
}

/** All keys with their types, defaults and help texts, from the schema itself. */
export function describeConfig(): ConfigKey[] {
  const schema = z.toJSONSchema(configSchema, { io: 'input' }) as JsonSchema
  return describe(schema, [], parseConfig({}))
}

function describe(schema: JsonSchema, path: string[], value: unknown): ConfigKey[] {
  if (schema.properties === undefined) return [toKey(schema, path, value)]
  return Object.entries(schema.properties).flatMap(([name, property]) => {
    const inner = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
    return describe(property, [...path, name], inner)
  })
}

function toKey(schema: JsonSchema, path: string[], value: unknown): ConfigKey {
  const type = schema.enum === undefined ? (schema.type ?? 'any') : schema.enum.map(String).join(' | ')
  return {
    key: path.join('.'),
    type,
    default: value === undefined ? undefined : JSON.stringify(value),
    help: schema.description ?? '',
  }
}
