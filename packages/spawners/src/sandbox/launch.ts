import { spawn } from 'node:child_process'
import { open } from 'node:fs/promises'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Entrances } from './cgroup/cgroup.ts'
import { withoutProfiles } from './cgroup/join.ts'
import { killPid } from './process.ts'
import { systemPath } from './run.ts'
import type { SessionFolder } from './session-folder.ts'

const script = fileURLToPath(new URL('launch.sh', import.meta.url))

interface LaunchOptions {
  bash: string
  folder: SessionFolder
  entrances: Entrances
  /** What stands before bubblewrap: the way into the session's network. */
  enter: string[]
  bwrap: string
  options: string[]
  command: string[]
  seccomp: Buffer | null
}

/** bubblewrap at work, from outside. It outlives the service. */
export interface Box {
  /** Resolves with the pid of the sandbox's first process once its namespaces are there; null where it comes to nothing. */
  init: Promise<number | null>
  /** Resolves once bubblewrap is gone. */
  exited: Promise<void>
  /** Resolves once the log holds all that was printed. */
  logged: Promise<void>
  /** Lets the program begin. */
  unblock(): void
  /** Forgets about it: it goes on. */
  release(): void
  /** Kills what was launched, as long as it is not known whether there is a sandbox. */
  kill(): void
}

/** Launches bubblewrap, blocked right before the program. */
export async function launchBox(options: LaunchOptions): Promise<Box> {
  const { bash, folder, entrances, enter, bwrap, command, seccomp } = options
  const log = await open(folder.log, 'a', 0o600)
  const status = await open(folder.status, 'a', 0o600)
  const args = [...withoutProfiles, script, folder.path, entrances.tools.join('\n'), entrances.box.join('\n')]
  const child = spawn(bash, [...args, ...enter, bwrap, '--args', '3', '--', ...command], {
    cwd: '/',
    env: { PATH: systemPath },
    detached: true,
    // See the list of descriptors in bubblewrap.ts.
    stdio: ['ignore', 'ignore', log.fd, 'pipe', 'pipe', 'pipe', 'pipe', status.fd, 'pipe'],
  })
  await Promise.all([log.close(), status.close()])
  const pipes = child.stdio as unknown as [null, null, null, Writable, Readable, Writable, Writable, null, Readable]
  const [, , , argumentsPipe, info, block, seccompPipe, , pump] = pipes
  const all = [argumentsPipe, info, block, seccompPipe, pump]
  for (const pipe of all) pipe.on('error', () => {})
  argumentsPipe.end(options.options.map((word) => `${word}\0`).join(''))
  seccompPipe.end(seccomp ?? '')
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  const logged = new Promise<void>((resolve) => pump.once('close', () => resolve()))
  pump.resume()
  return {
    init: readInit(info),
    exited,
    logged,
    unblock: () => void block.end('x'),
    release: () => {
      for (const pipe of all) pipe.destroy()
      child.unref()
    },
    kill: () => {
      if (child.pid !== undefined && child.exitCode === null) killPid(-child.pid, 'SIGKILL')
    },
  }
}

async function readInit(info: Readable): Promise<number | null> {
  let text = ''
  try {
    for await (const chunk of info.setEncoding('utf8')) {
      text += chunk as string
      if (!text.trimEnd().endsWith('}')) continue
      const { 'child-pid': pid } = JSON.parse(text) as { 'child-pid'?: unknown }
      return typeof pid === 'number' ? pid : null
    }
  } catch {
    // It is no answer, and the log says why.
  }
  return null
}
