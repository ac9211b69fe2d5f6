import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { CygnetError } from '@cygnet/core/errors'
import type { Mount, Spawner, StartRequest } from '@cygnet/spawners/spawner'

interface Handle {
  id: string
  pid: number
}

export interface ProcessSpawner extends Spawner<Handle> {
  requests: StartRequest[]
  remounts: Mount[][]
  /** Processes that were started and live. */
  alive(): Promise<number[]>
}

/** What is said of every session that is gone. */
const exited = { state: 'exited' as const, reason: { kind: 'out-of-memory' as const, limit: 2 ** 31 } }

/** Starts sessions as ordinary processes that outlive this one, in one folder for their sockets. */
export function createProcessSpawner(folder: string): ProcessSpawner {
  const requests: StartRequest[] = []
  const remounts: Mount[][] = []
  const stop = async ({ id, pid }: Handle): Promise<void> => {
    if (isAlive(pid)) process.kill(pid, 'SIGKILL')
    while (isAlive(pid)) await wait(5)
    await rm(join(folder, id), { recursive: true, force: true })
  }
  const handles = async (): Promise<Handle[]> => {
    const ids = existsSync(folder) ? await readdir(folder) : []
    return Promise.all(ids.map(async (id) => ({ id, pid: Number(await readFile(join(folder, id, 'pid'), 'utf8')) })))
  }
  return {
    name: 'process',
    requests,
    remounts,
    alive: async () => (await handles()).map(({ pid }) => pid).filter(isAlive),
    async start(request, signal, report) {
      requests.push(request)
      signal.throwIfAborted()
      const own = join(folder, request.id)
      await mkdir(own, { recursive: true })
      report({ percent: 50, message: 'Starting a process' })
      const socket = join(own, 's')
      const [program = '', ...args] = request.command
      const child = spawn(program, args, {
        detached: true,
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...request.environment, CYGNET_SOCKET: socket },
      })
      child.unref()
      const closed = once(child, 'close')
      const handle = { id: request.id, pid: child.pid ?? 0 }
      await writeFile(join(own, 'pid'), String(handle.pid))
      let words = ''
      child.stderr.on('data', (piece: Buffer) => (words += piece.toString()))
      try {
        while (!(await isListening(socket))) {
          signal.throwIfAborted()
          if (!isAlive(handle.pid)) await closed
          if (child.exitCode !== null)
            throw new CygnetError('unavailable', `The program ended with exit code ${child.exitCode}: ${words.trim()}`)
          await wait(5)
        }
      } catch (error) {
        await stop(handle)
        throw error
      } finally {
        child.stderr.destroy()
      }
      return { handle, address: { kind: 'socket', path: socket } }
    },
    stop,
    probe: async ({ pid }) => (isAlive(pid) ? { state: 'running', memory: { used: 1, limit: 2 } } : exited),
    async waitForExit({ pid }, signal) {
      while (isAlive(pid)) {
        signal.throwIfAborted()
        await wait(5)
      }
      return exited
    },
    async remount(_handle, mounts) {
      remounts.push(mounts)
    },
    async sweep(known) {
      const kept = new Set(known.map(({ id }) => id))
      for (const handle of await handles()) if (!kept.has(handle.id)) await stop(handle)
    },
  }
}

/** Not a process that ended and that nobody asked for yet, either. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  return !isZombie(pid)
}

function isZombie(pid: number): boolean {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return true
  }
}

async function isListening(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(path)
  socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
  return promise.finally(() => socket.destroy())
}
