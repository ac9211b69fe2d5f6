import type { Logger } from '@cygnet/core/log'
import type { WebSocket } from 'ws'
import { z } from 'zod'
import { lastActivityOf, noWork, type Work } from '../activity.ts'
import { signalGroup } from '../kernels/kernel-process.ts'
import type { Pty } from './pty.ts'
import { createScrollback } from './scrollback.ts'

/** Jupyter Server's model of a terminal. */
export interface TerminalModel {
  name: string
  last_activity: string
}

/** A shell on a pseudo-terminal, with any number of clients that see the same (terminado's protocol). */
export interface Terminal {
  readonly name: string
  readonly lastActivity: Date
  /** Whether a program works that prints nothing cannot be told: it is never busy. */
  readonly work: Work
  readonly connections: number
  /** Resolves once the shell has ended. */
  readonly ended: Promise<void>
  attach(webSocket: WebSocket): void
  /** Hangs up, and kills what does not end by that. */
  end(): Promise<void>
}

export function toTerminalModel({ name, lastActivity }: Terminal): TerminalModel {
  return { name, last_activity: lastActivity.toISOString() }
}

/** Bytes that may wait for a client before the shell is held back, and when it goes on. */
const highBytes = 1024 * 1024
const lowBytes = 128 * 1024
const scrollbackCharacters = 512 * 1024
/** How long a shell may take to end after it was hung up. */
const hangUpMs = 3000

const clientMessage = z.union([
  z.tuple([z.literal('stdin'), z.string()], z.unknown()),
  z.tuple([z.literal('set_size'), size(), size()], z.unknown()),
])

export function createTerminal(name: string, pty: Pty, logger: Logger): Terminal {
  const clients = new Map<WebSocket, { rows: number; columns: number } | undefined>()
  const scrollback = createScrollback(scrollbackCharacters)
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  const opened = new Date()
  const work: Work = { ...noWork }
  let isPaused = false
  let hasEnded = false

  function send(webSocket: WebSocket, message: string): void {
    webSocket.send(message, balance)
  }

  /** Reads from the shell as fast as the slowest client takes it. */
  function balance(): void {
    if (hasEnded) return
    const most = Math.max(0, ...[...clients.keys()].map((client) => client.bufferedAmount))
    if (!isPaused && most > highBytes) {
      isPaused = true
      pty.pause()
    } else if (isPaused && most < lowBytes) {
      isPaused = false
      pty.resume()
    }
  }

  function resize(): void {
    const sizes = [...clients.values()].filter((known) => known !== undefined)
    if (hasEnded || sizes.length === 0) return
    const rows = Math.min(...sizes.map((known) => known.rows))
    const columns = Math.min(...sizes.map((known) => known.columns))
    if (rows !== pty.rows || columns !== pty.cols) pty.resize(columns, rows)
  }

  function receive(webSocket: WebSocket, data: Buffer): void {
    const message = clientMessage.safeParse(parse(data))
    if (!message.success) return logger.warn({ terminal: name }, 'A client sent a message that is none; it is ignored.')
    if (message.data[0] === 'stdin') {
      work.lastInput = new Date()
      if (!hasEnded) pty.write(message.data[1])
      return
    }
    if (hasEnded) return
    clients.set(webSocket, { rows: message.data[1], columns: message.data[2] })
    resize()
  }

  pty.onData((text) => {
    work.lastOutput = new Date()
    scrollback.push(text)
    const message = JSON.stringify(['stdout', text])
    for (const client of clients.keys()) send(client, message)
    balance()
  })
  pty.onExit(() => {
    hasEnded = true
    for (const client of clients.keys()) {
      client.send(JSON.stringify(['disconnect', 1]))
      client.close(1000)
    }
    resolve()
  })

  return {
    name,
    ended,
    work,
    get lastActivity() {
      return lastActivityOf(work, opened)
    },
    get connections() {
      return clients.size
    },
    attach(webSocket) {
      webSocket.on('message', (data: Buffer) => receive(webSocket, data))
      webSocket.once('close', () => {
        clients.delete(webSocket)
        resize()
        balance()
      })
      webSocket.send(JSON.stringify(['setup', {}]))
      const text = scrollback.read()
      if (text !== '') webSocket.send(JSON.stringify(['stdout', text]))
      clients.set(webSocket, undefined)
    },
    async end() {
      if (hasEnded) return
      if (isPaused) pty.resume()
      pty.kill('SIGHUP')
      signalGroup(pty.pid, 'SIGHUP', true)
      const timer = setTimeout(() => signalGroup(pty.pid, 'SIGKILL', true), hangUpMs)
      await ended
      clearTimeout(timer)
      signalGroup(pty.pid, 'SIGKILL', false)
    },
  }
}

function size(): z.ZodNumber {
  return z.number().int().min(1).max(10_000)
}

function parse(data: Buffer): unknown {
  try {
    return JSON.parse(data.toString())
  } catch {
    return undefined
  }
}
