import { watch } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { isSystemError } from '@cygnet/core/errors'
import { Waking } from './waking.ts'

/** A process for ever: pids are used again, a pid together with its start time is not until the next boot. */
export interface ProcessId {
  pid: number
  /** Clock ticks since boot, from `/proc/<pid>/stat`. */
  start: string
}

/** The process of this pid, or null where there is none. A zombie counts as none, unless only its first thread has ended. */
export async function identify(pid: number): Promise<ProcessId | null> {
  return identifyBy(`/proc/${pid}/stat`)
}

/** The process that a copy of its `/proc/<pid>/stat` tells of, whether or not it is still there. */
export async function identifyBy(path: string): Promise<ProcessId | null> {
  const [first, ...fields] = await readStat(path)
  const pid = Number(first)
  const [state, threads, start] = [fields[0], Number(fields[17]), fields[19]]
  const isOver = (state === 'Z' && threads <= 1) || state === 'X'
  return start === undefined || isOver ? null : { pid, start }
}

export async function isAlive(process: ProcessId): Promise<boolean> {
  return (await identify(process.pid))?.start === process.start
}

/** Sends a signal; a process that is gone already is no error. */
export async function kill(target: ProcessId, signal: NodeJS.Signals): Promise<void> {
  if (await isAlive(target)) killPid(target.pid, signal)
}

export function killPid(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (!isSystemError(error, 'ESRCH')) throw error
  }
}

/**
 * Resolves once the process is gone, rejects with the signal's reason. It need not be a child of this process. A change of
 * the file `hint` makes it look at once, otherwise it looks each second: nothing else tells of the end of a stranger.
 */
export async function waitUntilGone(target: ProcessId, hint: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const looking = new AbortController()
  const waking = new Waking()
  const wake = (): void => waking.wake()
  const watcher = watchFile(hint, wake)
  signal.addEventListener('abort', wake, { once: true })
  try {
    for (;;) {
      const changed = waking.next()
      signal.throwIfAborted()
      if (!(await isAlive(target))) return
      await Promise.race([changed, pause(1000, undefined, { signal: looking.signal }).catch(() => {})])
    }
  } finally {
    looking.abort()
    watcher?.close()
    signal.removeEventListener('abort', wake)
  }
}

/** Resolves once none of the processes is left; for the moments after they were killed. False where that takes too long. */
export async function waitBriefly(isOver: () => Promise<boolean>, milliseconds: number): Promise<boolean> {
  const deadline = performance.now() + milliseconds
  for (let delay = 1; ; delay = Math.min(delay * 2, 50)) {
    if (await isOver()) return true
    if (performance.now() > deadline) return false
    await pause(delay)
  }
}

/** The children of a process, oldest first; none where it is gone. */
export async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  return text.split(' ').filter(Boolean).map(Number)
}

/** What is left of the session (see setsid(2)) that a process led, whether or not that process is still there. */
export async function sessionOf(leader: ProcessId): Promise<ProcessId[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const all = await Promise.all(
    pids.map(async (name) => {
      const [, , , , session, ...fields] = await readStat(`/proc/${name}/stat`)
      const start = fields[15]
      // Nobody in it is older than who led it: else the pid was used again.
      const isOf = session === String(leader.pid) && start !== undefined && BigInt(start) >= BigInt(leader.start)
      return isOf ? identify(Number(name)) : null
    }),
  )
  return all.filter((one) => one !== null)
}

/** Changes with each boot. */
export async function readBootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
}

/** The fields of `/proc/<pid>/stat` without the second, which may contain anything, brackets too. */
async function readStat(path: string): Promise<string[]> {
  try {
    const text = await readFile(path, 'utf8')
    return [text.slice(0, text.indexOf(' ')), ...text.slice(text.lastIndexOf(')') + 2).split(' ')]
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ESRCH')) return []
    throw error
  }
}

function watchFile(path: string, onChange: () => void): { close(): void } | null {
  try {
    const watcher = watch(path, onChange)
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    return null
  }
}
