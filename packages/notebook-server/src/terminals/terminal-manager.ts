import { stat } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import { CygnetError } from '@cygnet/core/errors'
import type { Logger } from '@cygnet/core/log'
import { joinWork, noWork, type Work } from '../activity.ts'
import { findWorkingFolder } from '../kernels/working-folder.ts'
import { loadPty } from './pty.ts'
import { createTerminal, toTerminalModel, type Terminal, type TerminalModel } from './terminal.ts'

export interface TerminalManagerOptions {
  /** The folder that API paths are relative to; terminals start there unless said. */
  root: string
  environment: Record<string, string>
  logger: Logger
  /** The program and its arguments; a login shell unless said. */
  shell?: string[]
}

export interface TerminalManager {
  /** Loads the native part. It never rejects. */
  warm(): Promise<void>
  list(): TerminalModel[]
  /** Starts a shell; a name that exists already joins that terminal. @throws CygnetError `bad-request`, `unavailable` */
  create(request: { name?: string | undefined; cwd?: string | undefined }): Promise<TerminalModel>
  /** @throws CygnetError `not-found` */
  get(name: string): Terminal
  has(name: string): boolean
  /** Resolves once the shell is gone. @throws CygnetError `not-found` */
  remove(name: string): Promise<void>
  /** That of terminals which are gone counts on. */
  activity(): Work & { terminals: number; connections: number }
  close(): Promise<void>
}

export function createTerminalManager(options: TerminalManagerOptions): TerminalManager {
  const { root, environment, logger } = options
  const [program = 'bash', ...args] = options.shell ?? ['bash', '-l']
  const terminals = new Map<string, Terminal>()
  let past: Work = noWork
  let isClosed = false

  function freeName(): string {
    for (let number = 1; ; number++) if (!terminals.has(String(number))) return String(number)
  }

  const manager: TerminalManager = {
    async warm() {
      await loadPty().catch((error: unknown) => logger.error({ error }, 'There are no terminals: node-pty is missing.'))
    },
    list: () => [...terminals.values()].map(toTerminalModel),
    async create(request) {
      const asked = request.name
      if (asked !== undefined && !/^[\w.-]{1,64}$/.test(asked)) throw toBadName(asked)
      const cwd = await findFolder(root, request.cwd ?? '')
      const pseudoTerminals = await loadPty()
      // Nothing may come between looking for the name and taking it.
      if (isClosed) throw new CygnetError('unavailable', 'The server is being shut down.')
      const known = asked === undefined ? undefined : terminals.get(asked)
      if (known !== undefined) return toTerminalModel(known)
      const name = asked ?? freeName()
      const pty = trySpawn(() =>
        pseudoTerminals.spawn(program, args, { name: 'xterm-256color', cols: 80, rows: 25, cwd, env: environment }),
      )
      const terminal = createTerminal(name, pty, logger)
      terminals.set(name, terminal)
      void forgetAtEnd(terminal)
      return toTerminalModel(terminal)
    },
    get(name) {
      const terminal = terminals.get(name)
      if (terminal === undefined) throw new CygnetError('not-found', `Terminal not found: ${name.slice(0, 100)}`)
      return terminal
    },
    has: (name) => terminals.has(name),
    async remove(name) {
      await manager.get(name).end()
    },
    activity() {
      const all = [...terminals.values()]
      const connections = all.reduce((sum, terminal) => sum + terminal.connections, 0)
      return { ...joinWork([past, ...all.map((terminal) => terminal.work)]), terminals: terminals.size, connections }
    },
    async close() {
      isClosed = true
      await Promise.all([...terminals.values()].map((terminal) => terminal.end()))
    },
  }

  async function forgetAtEnd(terminal: Terminal): Promise<void> {
    await terminal.ended
    past = joinWork([past, { ...terminal.work, lastOutput: new Date() }])
    terminals.delete(terminal.name)
  }

  function trySpawn<Result>(spawn: () => Result): Result {
    try {
      return spawn()
    } catch (cause) {
      throw new CygnetError('unavailable', `A terminal with ${program} cannot be opened: ${String(cause)}`, { cause })
    }
  }

  return manager
}

/** An absolute path that exists is taken as it is; any other one is an API path. */
async function findFolder(root: string, path: string): Promise<string> {
  if (isAbsolute(path) && !path.includes('\0')) {
    const status = await stat(path).catch(() => undefined)
    if (status?.isDirectory() === true) return path
  }
  return findWorkingFolder(root, path)
}

function toBadName(name: string): CygnetError {
  return new CygnetError('bad-request', `${JSON.stringify(name.slice(0, 100))} is no name for a terminal.`, {
    mend: 'Use 1 to 64 letters, digits and . _ -',
  })
}
