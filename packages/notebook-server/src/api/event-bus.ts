import { CygnetError } from '@cygnet/core/errors'
import type { ContentsEvent } from '../contents/events.ts'
import { isObject } from '../notebook-format/notebook.ts'

/** An event as subscribers get it. Source: https://jupyter-events.readthedocs.io, Jupyter Server's `api/events`. */
export type JupyterEvent = Record<string, unknown> & { __schema__: string; __timestamp__: string }

export type Subscriber = (event: JupyterEvent) => void

/** Tells whoever listens what happens to files; also takes events that clients send. */
export interface EventBus {
  emitContents(event: ContentsEvent): void
  /** @throws CygnetError `bad-request` for an event that has not the form it must have */
  emitFromClient(event: unknown): void
  /** Returns what ends the subscription. */
  subscribe(subscriber: Subscriber): () => void
  onClose(listener: () => void): void
  close(): void
}

const serverSchemas = 'https://events.jupyter.org/jupyter_server/'
const contentsSchema = `${serverSchemas}contents_service/v1`
/** Source: Jupyter Server's `event_schemas/contents_service/v1.yaml`. */
const contentsActions = new Set(['get', 'create', 'save', 'upload', 'rename', 'copy', 'delete'])
const largestEvent = 64 * 1024

export function createEventBus(): EventBus {
  const subscribers = new Set<Subscriber>()
  const closeListeners = new Set<() => void>()

  function emit(schema: string, version: string, data: Record<string, unknown>, time = new Date()): void {
    if (subscribers.size === 0) return
    const event = {
      __timestamp__: time.toISOString(),
      __schema__: schema,
      __schema_version__: version,
      __metadata_version__: 1,
      ...data,
    }
    for (const subscriber of subscribers) subscriber(event)
  }

  return {
    emitContents: (event) => emit(contentsSchema, '1', { ...event }),

    emitFromClient(event) {
      if (!isObject(event)) throw new CygnetError('bad-request', 'An event is a JSON object.')
      const { schema_id: schema, version, data, timestamp } = event
      if (typeof schema !== 'string') throw new CygnetError('bad-request', 'An event has a "schema_id".')
      if (typeof version !== 'string' && typeof version !== 'number') {
        throw new CygnetError('bad-request', 'An event has a "version".')
      }
      if (!isObject(data)) throw new CygnetError('bad-request', 'An event has "data", a JSON object.')
      checkKnownSchema(schema, String(version), data)
      if (JSON.stringify(event).length > largestEvent) {
        throw new CygnetError('too-large', `An event has at most ${largestEvent} bytes.`)
      }
      const time = typeof timestamp === 'string' ? new Date(timestamp) : new Date()
      if (Number.isNaN(time.getTime())) throw new CygnetError('bad-request', 'The "timestamp" is no time.')
      emit(schema, String(version), data, time)
    },

    subscribe(subscriber) {
      subscribers.add(subscriber)
      return () => subscribers.delete(subscriber)
    },
    onClose: (listener) => void closeListeners.add(listener),
    close() {
      for (const listener of closeListeners) listener()
    },
  }
}

/**
 * Refuses what is no event of the server's own schema, as Jupyter Server does. Of other schemas nothing is known here, so
 * that an extension's events need no registration.
 *
 * @throws CygnetError `bad-request`
 */
function checkKnownSchema(schema: string, version: string, data: Record<string, unknown>): void {
  if (!schema.startsWith(serverSchemas)) return
  if (schema !== contentsSchema)
    throw new CygnetError('bad-request', `There is no schema ${schema.slice(0, 200)} here.`, {
      mend: `Choose ${contentsSchema}, or a schema of your own.`,
    })
  if (version !== '1')
    throw new CygnetError('bad-request', `Unregistered version: '${version.slice(0, 20)}'≠'1' for \`${schema}\``)
  const { action, path, source_path: source } = data
  if (typeof action !== 'string' || !contentsActions.has(action))
    throw new CygnetError('bad-request', `The "action" of ${schema} is one of ${[...contentsActions].join(', ')}.`)
  if (typeof path !== 'string' || (source !== undefined && typeof source !== 'string'))
    throw new CygnetError('bad-request', `The "path" of ${schema} is a text, and so is "source_path".`)
}
