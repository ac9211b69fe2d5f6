import { request, type IncomingMessage } from 'node:http'
import { z } from 'zod'
import type { ServerTarget } from './target.ts'

/** What a server does, as it says itself. */
export interface ServerActivity {
  /** The latest of it all; when it was asked, while something worked. */
  last: Date
  /** When somebody last asked it to do something; null where it never happened, or it does not tell. */
  lastInput: Date | null
  /** When a kernel or a terminal last printed something; null likewise. */
  lastOutput: Date | null
  /** Whether a kernel works. */
  busy: boolean
  /** Whether a page has it open. */
  connected: boolean
}

const longestAnswer = 16 * 1024

const time = z
  .string()
  .max(100)
  .transform((text) => new Date(text))
  .refine((date) => !Number.isNaN(date.getTime()))

/** Of Jupyter Server's `/api/status`, with what Cygnet's notebook server says beside it. */
const status = z.object({
  last_activity: time,
  connections: z.number().default(0),
  last_input: time.nullable().default(null),
  last_output: time.nullable().default(null),
  busy: z.boolean().default(false),
  connected: z.boolean().optional(),
})

/**
 * Asks a server what it does, over the private way that the hub has to it: it can speak of itself alone. Nothing is believed
 * that lies in the future.
 * @throws where it gives no such answer, or the signal's reason
 */
export async function readActivity(target: ServerTarget, signal: AbortSignal): Promise<ServerActivity> {
  const told = status.parse(JSON.parse(await fetchText(target, `${target.basePath}api/status`, signal)))
  const now = Date.now()
  const past = (date: Date): Date => (date.getTime() > now ? new Date(now) : date)
  return {
    last: told.busy ? new Date(now) : past(told.last_activity),
    lastInput: told.last_input === null ? null : past(told.last_input),
    lastOutput: told.last_output === null ? null : past(told.last_output),
    busy: told.busy,
    connected: told.connected ?? told.connections > 0,
  }
}

/** What is known of a server that was not asked yet. */
export function activityAt(last: Date): ServerActivity {
  return { last, lastInput: null, lastOutput: null, busy: false, connected: false }
}

async function fetchText({ address, authorization }: ServerTarget, path: string, signal: AbortSignal): Promise<string> {
  const place = address.kind === 'socket' ? { socketPath: address.path } : { host: address.host, port: address.port }
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  request({ ...place, path, headers: { authorization }, agent: false, signal }, resolve)
    .on('error', reject)
    .end()
  const answer = await promise
  let text = ''
  for await (const piece of answer.setEncoding('utf8')) {
    text += String(piece)
    if (text.length > longestAnswer) throw new Error('The answer of /api/status is too long.')
  }
  return text
}
