import { CygnetError } from '@cygnet/core/errors'
import { isObject, type JsonObject } from '../notebook-format/notebook.ts'

/** Reads JSON with comments, as people write settings. @throws CygnetError `bad-request` */
export async function parseJson5(text: string): Promise<JsonObject> {
  const { default: json5 } = await import('json5')
  let value: unknown
  try {
    value = json5.parse(text)
  } catch (cause) {
    throw new CygnetError('bad-request', `Failed parsing the settings: ${reason(cause)}.`, { cause })
  }
  if (isObject(value)) return value
  throw new CygnetError('bad-request', 'Settings must be a JSON object.')
}

/** @throws CygnetError `bad-request` naming what does not fit the schema (JSON Schema, draft 7) */
export async function validateSettings(schema: JsonObject, settings: JsonObject): Promise<void> {
  if (Object.keys(settings).length === 0) return
  const { Ajv } = await import('ajv')
  // JupyterLab's schemas have keys of its own (`jupyter.lab.menus`), and formats that ajv does not know.
  const ajv = new Ajv({ strict: false, validateFormats: false, logger: false })
  let validate: ReturnType<typeof ajv.compile>
  try {
    validate = ajv.compile(schema)
  } catch (cause) {
    throw new CygnetError('internal', `The plug-in's schema is not valid: ${reason(cause)}.`, { cause })
  }
  if (validate(settings)) return
  throw new CygnetError(
    'bad-request',
    `Failed validating the settings: ${ajv.errorsText(validate.errors, { dataVar: 'settings' })}.`,
  )
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message.slice(0, 300) : String(cause)
}
