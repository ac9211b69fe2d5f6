import { spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

/** Where the system's programs are looked for. */
export const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

interface RunOptions {
  cwd?: string
  input?: string
  signal?: AbortSignal
}

export interface Outcome {
  /** Null where the program could not be started or was killed. */
  code: number | null
  stdout: string
  /** What it said on standard error, or why it could not be started. */
  stderr: string
}

/** Runs a short program to its end. It does not throw; with an aborted signal the program is killed. */
export async function run(program: string, args: string[], options: RunOptions = {}): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const child = spawn(program, args, {
    cwd: options.cwd ?? '/',
    env: { PATH: systemPath, LC_ALL: 'C' },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    ...(options.signal === undefined ? {} : { signal: options.signal, killSignal: 'SIGKILL' }),
  })
  const outcome: Outcome = { code: null, stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (outcome.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (outcome.stderr += text))
  child.stdin.on('error', () => {})
  child.stdin.end(options.input ?? '')
  child.on('error', (error) => {
    outcome.stderr ||= error.message
    resolve(outcome)
  })
  child.on('close', (code) => resolve({ ...outcome, code }))
  return promise
}

/** The full path of a program, or null where it is in none of the folders. */
export async function findProgram(name: string, path: string = systemPath): Promise<string | null> {
  for (const folder of path.split(delimiter)) {
    const candidate = join(folder, name)
    const isThere = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere) return candidate
  }
  return null
}
