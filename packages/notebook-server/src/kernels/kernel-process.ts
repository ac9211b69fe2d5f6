import { spawn } from 'node:child_process'
import { CygnetError, isSystemError } from '@cygnet/core/errors'
import { createOutputTail, type OutputTail } from './output-tail.ts'

/** A running kernel, however it was started. It leads a process group of its own. */
export interface KernelProcess {
  readonly pid: number
  /** Resolves once the process has ended; never rejects. */
  readonly exited: Promise<KernelExit>
  readonly output: OutputTail
  /** Signals its whole group; a group that is gone is no error. */
  signal(name: NodeJS.Signals): void
}

/** How a kernel ended; both null where nobody could tell. */
export interface KernelExit {
  code: number | null
  signal: string | null
}

export interface ProcessOptions {
  argv: string[]
  cwd: string
  environment: Record<string, string>
}

/**
 * Starts a kernel as an ordinary child.
 * @throws CygnetError `unavailable` where the program cannot be run
 */
export async function spawnKernelProcess(options: ProcessOptions): Promise<KernelProcess> {
  const [program = '', ...args] = options.argv
  const { promise: exited, resolve } = Promise.withResolvers<KernelExit>()
  const started = Promise.withResolvers<void>()
  let child
  try {
    child = spawn(program, args, {
      cwd: options.cwd,
      env: options.environment,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  } catch (cause) {
    throw toError(program, cause)
  }
  child.once('spawn', () => started.resolve())
  child.on('error', (cause) => started.reject(toError(program, cause)))
  let isAlive = true
  child.once('exit', (code, signal) => {
    isAlive = false
    resolve({ code, signal })
  })
  const output = createOutputTail()
  output.read(child.stdout)
  output.read(child.stderr)
  await started.promise
  const pid = child.pid ?? 0
  return { pid, exited, output, signal: (name) => signalGroup(pid, name, isAlive) }
}

/**
 * Signals a process group; one that is gone is no error.
 * @param isAlive - whether the leader is not known to have ended: it may be so young that it leads no group yet
 */
export function signalGroup(leader: number, name: NodeJS.Signals, isAlive: boolean): void {
  // 0 and 1 would mean this very group, and everything.
  if (leader <= 1) return
  if (!kill(-leader, name) && isAlive) kill(leader, name)
}

function kill(target: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(target, name)
  } catch (error) {
    if (isSystemError(error, 'ESRCH', 'EPERM')) return false
    throw error
  }
}

export function describeExit(exit: KernelExit): string {
  if (exit.signal === 'SIGKILL') return 'it was killed (SIGKILL), as happens when the memory is used up'
  if (exit.signal !== null) return `it was ended by ${exit.signal}`
  if (exit.code !== null) return `it exited with code ${exit.code}`
  return 'it is gone'
}

function toError(program: string, cause: unknown): CygnetError {
  const why = isSystemError(cause, 'ENOENT')
    ? 'there is no such program'
    : isSystemError(cause, 'EACCES')
      ? 'it may not be executed'
      : String(cause)
  return new CygnetError('unavailable', `${program} cannot be run: ${why}`, { cause })
}
