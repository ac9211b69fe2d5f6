import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The top of the checkout. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

/** The Node that the service runs on: an npm package, so that the machine's own may be older. */
export const node = join(root, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node')

/** The environment of everything that is run: the project's own programs come first on the PATH. */
function environment() {
  return { ...process.env, PATH: [dirname(node), join(root, 'node_modules', '.bin'), process.env.PATH].join(':') }
}

/** A program that ended with another code than 0, or by a signal. */
class ProgramError extends Error {
  constructor(name, how, lines) {
    super(`${name} failed (${how}).${lines.length === 0 ? '' : ` Its last words:\n\n${lines.join('\n')}\n`}`)
  }
}

/**
 * Runs a program to its end, keeping what it writes for the case that it fails.
 * `onLine` is told each line.
 */
export function runQuietly(name, command, args, { cwd = root, onLine, env } = {}) {
  const child = spawn(command, args, { cwd, env: { ...environment(), ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const last = []
  for (const stream of [child.stdout, child.stderr]) {
    let rest = ''
    stream.setEncoding('utf8').on('data', (text) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop()
      for (const line of lines) {
        last.push(line)
        if (last.length > 40) last.shift()
        onLine?.(line)
      }
    })
  }
  return ended(name, child, last)
}

/**
 * Runs a program in the foreground with this one's input and output, hands signals on, and resolves with its exit code.
 * It is killed after `minutes`, if they are given.
 */
export function runInForeground(command, args, { cwd = root, env, minutes } = {}) {
  const limit = minutes === undefined ? {} : { timeout: minutes * 60_000, killSignal: 'SIGKILL' }
  const child = spawn(command, args, { cwd, env: { ...environment(), ...env }, stdio: 'inherit', ...limit })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve(signal === null ? code : 128))
  })
}

function ended(name, child, last) {
  return new Promise((resolve, reject) => {
    child.on('error', (error) => reject(new ProgramError(name, error.message, last)))
    child.on('close', (code, signal) => {
      if (code === 0) resolve()
      else reject(new ProgramError(name, signal ?? `exit code ${code}`, last))
    })
  })
}
