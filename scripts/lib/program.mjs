import { spawn } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The top of the checkout. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

/** The Node that the service runs on: an npm package, so that the machine's own may be older. */
export const node = join(root, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node')

/**
 * The PATH without the project's own programs, which npm puts there: the machine's npm finds its configuration, and so the
 * registry, beside the Node that runs it.
 */
export const machinePath = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((folder) => !folder.startsWith(join(root, 'node_modules')))
  .join(delimiter)

/** The environment of everything that is run: the project's own programs come first on the PATH. */
function environment() {
  return { ...process.env, PATH: [dirname(node), join(root, 'node_modules', '.bin'), process.env.PATH].join(':') }
}

let held

/** Whatever is run during the work holds this open file, too. */
export async function holdWhile(descriptor, work) {
  held = descriptor
  try {
    return await work()
  } finally {
    held = undefined
  }
}

/** A program that ended with another code than 0, or by a signal. */
class ProgramError extends Error {
  constructor(name, how, lines) {
    super(`${name} failed (${how}).${lines.length === 0 ? '' : ` Its last words:\n\n${lines.join('\n')}\n`}`)
  }
}

/**
 * Runs a program to its end, keeping what it writes for the case that it fails.
 * `onLine` is told each line; an aborted `signal` kills it. `isHolder` is false for what may leave
 * daemons behind: it does not hold what others hold meanwhile.
 */
export function runQuietly(name, command, args, { cwd = root, onLine, env, signal, isHolder = true } = {}) {
  const child = spawn(command, args, {
    cwd,
    env: { ...environment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...(isHolder && held !== undefined ? [held] : [])],
    ...(signal === undefined ? {} : { signal, killSignal: 'SIGKILL' }),
  })
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

/** The lines that a program of the machine prints. */
export async function collectLines(command, args) {
  const lines = []
  const options = { env: { PATH: machinePath }, onLine: (line) => lines.push(line) }
  await runQuietly(command, command, args, options)
  return lines
}

/** The full path of a program of the machine, or null where it has none. */
export async function findProgram(name) {
  for (const folder of machinePath.split(delimiter)) {
    const path = join(folder, name)
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere) return path
  }
  return null
}

/**
 * Runs a program in the foreground with this one's input and output, hands signals on, and resolves with its exit code.
 * It is killed after `minutes`, if they are given.
 */
export function runInForeground(command, args, { cwd = root, env, minutes } = {}) {
  const limit = minutes === undefined ? {} : { timeout: minutes * 60_000, killSignal: 'SIGKILL' }
  const stdio = ['inherit', 'inherit', 'inherit', ...(held === undefined ? [] : [held])]
  const child = spawn(command, args, { cwd, env: { ...environment(), ...env }, stdio, ...limit })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve(signal === null ? code : 128))
  })
}

function ended(name, child, last) {
  return new Promise((resolve, reject) => {
    // One that was to end is waited for.
    child.on('error', (error) => {
      if (error.name !== 'AbortError') reject(new ProgramError(name, error.message, last))
    })
    child.on('close', (code, signal) => {
      if (code === 0) resolve()
      else reject(new ProgramError(name, signal ?? `exit code ${code}`, last))
    })
  })
}
