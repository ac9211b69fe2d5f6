import { readFile } from 'node:fs/promises'
import { CygnetError } from '@cygnet/core/errors'
import type { Logger } from '@cygnet/core/log'
import type { ExitReason, Mount, Spawner } from '../spawner.ts'
import { openCgroup } from './cgroup/open.ts'
import { createEndings } from './endings.ts'
import { parseHandle, parseRecord, type SandboxHandle, type SessionRecord } from './handle.ts'
import { inspectHost, type Host } from './host.ts'
import { applyMounts, checkMounts, tryLayer } from './mounts.ts'
import { isAlive, kill, readBootId, waitUntilGone } from './process.ts'
import { checkRequest } from './request.ts'
import { systemPath } from './run.ts'
import { listSessionFolders, sessionFolder } from './session-folder.ts'
import { startSession } from './start.ts'
import { tearDown } from './teardown.ts'
import { withTrialLayer } from './trial-layer.ts'

export type { SandboxHandle } from './handle.ts'

export interface SandboxOptions {
  /** A folder of the service's own with a short path, the same at each start of the service; made where it is missing. */
  runtimeDir: string
  log: Logger
  /** `private`: a network of its own for every session, or no session; `auto`: where it can be had. */
  network: 'auto' | 'private' | 'host'
  /** By cgroup. `required`: or no session; `auto`: where they can be had. */
  limits: 'auto' | 'required' | 'off'
  /** The cgroup below which sessions get theirs, from the hierarchy's root. A fitting one is looked for unless it is given. */
  cgroup?: string
  /** How long a server may take to end by itself when it is stopped. */
  stopMilliseconds?: number
  /** Where programs such as bwrap are looked for, as in the variable PATH. */
  searchPath?: string
}

/**
 * Runs sessions in sandboxes on this machine, with bubblewrap: processes, files and network of their own.
 * They are no children of the service and outlive it. What the machine can do is tried once, at the first start of a session or before.
 *
 * What a session took is freed by whoever notices its end first, be it `stop`, `probe` or `waitForExit`.
 */
export function createSandboxSpawner(options: SandboxOptions): Spawner<SandboxHandle> {
  const { runtimeDir, log, network, limits } = options
  const { cgroup = null, stopMilliseconds = 10_000, searchPath = systemPath } = options
  const started = new Set<string>()
  const endings = createEndings(runtimeDir)
  const remounts = new Map<string, Promise<void>>()
  let inspected: Promise<Host> | undefined

  const spawner: Spawner<SandboxHandle> = {
    name: 'sandbox',

    async start(request, signal, report) {
      signal.throwIfAborted()
      await checkRequest(request)
      const host = await inspect()
      signal.throwIfAborted()
      started.add(request.id)
      try {
        return await startSession({ runtimeDir, log, host, request, signal, report })
      } catch (error) {
        started.delete(request.id)
        throw error
      }
    },

    async prepare() {
      return (await inspect()).gaps
    },

    async tryLayer(software, folder, uid) {
      const { python } = (await inspect()).programs
      if (python === null) throw noPython()
      await withTrialLayer(folder, uid, (layer) => tryLayer(python, software, layer, uid))
    },

    async stop(handle, signal) {
      signal.throwIfAborted()
      const session = parseHandle(handle)
      if (session === null) return
      if (await isRunning(session)) {
        endings.expect(session.id)
        await kill(session.program, 'SIGTERM')
        await waitPolitely(session, signal)
      }
      await end(session)
    },

    async probe(handle) {
      const session = parseHandle(handle)
      if (session === null) return { state: 'exited', reason: { kind: 'unknown' } }
      if (!(await isRunning(session))) return { state: 'exited', reason: await end(session) }
      if (session.cgroup === null) return { state: 'running', memory: null }
      const group = openCgroup(session.cgroup)
      const [memory, outOfMemoryKills] = await Promise.all([group.memory(), group.outOfMemoryKills()])
      return { state: 'running', memory, outOfMemoryKills }
    },

    async waitForExit(handle, signal) {
      signal.throwIfAborted()
      const session = parseHandle(handle)
      if (session === null) return { state: 'exited', reason: { kind: 'unknown' } }
      if (await isRunning(session)) await waitUntilGone(session.program, statusOf(session), signal)
      return { state: 'exited', reason: await end(session) }
    },

    async sweep(known) {
      const keep = new Set([...started, ...known.map((handle) => parseHandle(handle)?.id)])
      for (const id of await listSessionFolders(runtimeDir)) {
        if (keep.has(id)) continue
        log.info({ session: id }, 'Ending a session of an earlier run that is not known any more.')
        await tearDown(runtimeDir, await readRecord(id))
      }
    },
  }
  // Only root may mount into another's sandbox.
  return process.getuid?.() === 0 ? { ...spawner, remount } : spawner

  async function remount(handle: SandboxHandle, mounts: Mount[]): Promise<void> {
    checkMounts(mounts)
    const session = parseHandle(handle)
    if (session === null) throw notRunning()
    await inTurn(session.id, async () => {
      if (!(await isRunning(session))) throw notRunning()
      const { python } = (await inspect()).programs
      if (python === null) throw noPython()
      const { init, program, user } = session
      const held = await applyMounts({ python, init, program, user, mounts, log })
      if (held.length === 0) return
      log.warn(
        { session: session.id, user: user.name, held },
        'A session is ended that does not let go of an ended share.',
      )
      endings.expect(session.id, { kind: 'share-held' })
      await end(session)
    })
  }

  /** One after the other, so that the last one asked for is the one that stands. */
  async function inTurn(id: string, work: () => Promise<void>): Promise<void> {
    const turn = (remounts.get(id) ?? Promise.resolve()).then(work, work)
    remounts.set(id, turn)
    try {
      await turn
    } finally {
      if (remounts.get(id) === turn) remounts.delete(id)
    }
  }

  async function end(session: SandboxHandle): Promise<ExitReason> {
    const reason = await endings.end(session)
    started.delete(session.id)
    return reason
  }

  async function inspect(): Promise<Host> {
    inspected ??= inspectHost({ runtimeDir, log, network, limits, cgroup, searchPath })
    try {
      return await inspected
    } catch (error) {
      // What is missing may be there by the next time.
      inspected = undefined
      throw error
    }
  }

  async function isRunning(session: SandboxHandle): Promise<boolean> {
    if (endings.recall(session.id) !== undefined || session.boot !== (await readBootId())) return false
    return isAlive(session.program)
  }

  /** Waits until the server has ended by itself, or had its time. */
  async function waitPolitely(session: SandboxHandle, signal: AbortSignal): Promise<void> {
    const patience = AbortSignal.timeout(stopMilliseconds)
    try {
      await waitUntilGone(session.program, statusOf(session), AbortSignal.any([signal, patience]))
    } catch (error) {
      signal.throwIfAborted()
      if (!patience.aborted) throw error
      log.warn({ session: session.id }, 'A server did not end when asked to and is killed.')
    }
  }

  function statusOf(session: SandboxHandle): string {
    return sessionFolder(runtimeDir, session.id).status
  }

  /** What its start wrote down before the service was killed, or what follows from its name alone. */
  async function readRecord(id: string): Promise<SessionRecord> {
    const text = await readFile(sessionFolder(runtimeDir, id).record, 'utf8').catch(() => 'null')
    const record = parseRecord(parseJson(text))
    if (record !== null) return record
    const host = await inspect().catch(() => null)
    return {
      id,
      boot: await readBootId(),
      user: { name: '', uid: 0 },
      memoryBytes: 0,
      init: null,
      program: null,
      mac: null,
      network: null,
      cgroup: host?.limiter?.place(id) ?? null,
      isMounted: process.getuid?.() === 0,
    }
  }
}

function notRunning(): CygnetError {
  return new CygnetError('server-stopped', 'The server is not running.', {
    mend: 'What is shared is there at its next start.',
  })
}

function noPython(): CygnetError {
  return new CygnetError('unavailable', 'Nothing can be mounted into sessions: python3 is missing on this machine.', {
    mend: 'Install the package python3.',
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
