import type { IncomingMessage } from 'node:http'

/** What is going on, kept apart; times are null where nothing of the kind happened yet. */
export interface Work {
  /** When a client last asked for something to be done: code run, a key pressed, a file written. */
  lastInput: Date | null
  /** When a kernel or a terminal last printed something, or ended what it did. */
  lastOutput: Date | null
  /** Whether a kernel works on something. */
  busy: boolean
}

/** What the server does. It is told by the server, so that it needs no browser to be true. */
export interface Activity extends Work {
  /** The latest of it all; now, while something works. */
  lastActivity: Date
  kernels: number
  /** WebSockets open on kernels. */
  connections: number
}

export const noWork: Work = { lastInput: null, lastOutput: null, busy: false }

/** The work of several as that of one. */
export function joinWork(all: Work[]): Work {
  return {
    lastInput: latest(all.map((one) => one.lastInput)),
    lastOutput: latest(all.map((one) => one.lastOutput)),
    busy: all.some((one) => one.busy),
  }
}

export function lastActivityOf({ lastInput, lastOutput, busy }: Work, started: Date): Date {
  return busy ? new Date() : (latest([started, lastInput, lastOutput]) ?? started)
}

/**
 * Whether somebody asks for something, rather than a page or a program that looks how things are: pages that nobody looks at
 * do so all day. Opening a page counts, and whatever is no mere reading; the client may say that it does not.
 */
export function isInput(request: IncomingMessage): boolean {
  const { method = 'GET', url = '/', headers } = request
  if (url.includes('no_track_activity=1') || /^\/api\/(?:events|security\/csp-report)(?:[/?]|$)/.test(url)) return false
  return !['GET', 'HEAD', 'OPTIONS'].includes(method) || headers['sec-fetch-mode'] === 'navigate'
}

function latest(times: Array<Date | null>): Date | null {
  let last: Date | null = null
  for (const time of times) if (time !== null && (last === null || time > last)) last = time
  return last
}
