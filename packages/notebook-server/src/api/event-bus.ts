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

const contentsSchema = 'https://events.jupyter.org/jupyter_server/contents_service/v1'
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
      if (schema.startsWith('https://events.jupyter.org/jupyter_server/')) {
        throw new CygnetError('bad-request', `Only the server itself reports ${schema.slice(0, 200)}.`)
      }
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
