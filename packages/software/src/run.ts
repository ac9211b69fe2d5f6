import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { CygnetError } from '@cygnet/core/errors'

export interface RunOptions {
  signal: AbortSignal
  onLine?: (line: string) => void
}

/**
 * Runs a program to its end and resolves with the lines of its standard output.
 * @throws CygnetError `unavailable` naming the program, with the last lines that it wrote, where it fails or does not exist;
 *   the signal's reason where it was to stop
 */
export async function run(program: string, args: string[], options: RunOptions): Promise<string[]> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], signal: options.signal })
  const output: string[] = []
  const last: string[] = []
  const keep = (line: string): void => {
    last.push(line)
    if (last.length > 15) last.shift()
    options.onLine?.(line)
  }
  createInterface(child.stdout).on('line', (line) => {
    output.push(line)
    keep(line)
  })
  createInterface(child.stderr).on('line', keep)
  const { promise, resolve, reject } = Promise.withResolvers<string[]>()
  child.on('error', (cause) => {
    // Where it is to stop, it is waited for: what it wrote is cleaned up next.
    if (!options.signal.aborted) reject(toError(String(cause), cause))
  })
  child.on('close', (code, signal) => {
    if (code === 0) resolve(output)
    else if (options.signal.aborted) reject(options.signal.reason as Error)
    else reject(toError(signal === null ? `it ended with ${code}` : `it was ended by ${signal}`))
  })
  return promise

  function toError(why: string, cause?: unknown): CygnetError {
    const command = [program, ...args].join(' ').slice(0, 200)
    const words = last.length === 0 ? '' : `\n${last.map((line) => `    ${line}`).join('\n')}`
    return new CygnetError('unavailable', `The command failed, ${why}: ${command}${words}`, { cause })
  }
}
