import { statfs, writeFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { CygnetError, toCygnetError } from '@cygnet/core/errors'
import type { Started } from '../spawner.ts'
import {
  enterCgroup,
  launch,
  connectNetwork,
  mountIntoBox,
  readResolver,
  type Attempt,
  type StartParts,
} from './attempt.ts'
import type { SandboxHandle, SessionRecord } from './handle.ts'
import type { Box } from './launch.ts'
import { createMac, findPasta } from './network.ts'
import { childrenOf, identify, readBootId, type ProcessId } from './process.ts'
import { waitForSocket } from './readiness.ts'
import { makeBox, makeFolders, readLastWords, reserveSessionFolder, sessionFolder } from './session-folder.ts'
import { EndedEarly, explainFailure } from './start-failure.ts'
import { tearDown } from './teardown.ts'
import { withSignal } from './with-signal.ts'

/** Starts a session. It leaves a running one, or nothing. */
export async function startSession(parts: StartParts): Promise<Started<SandboxHandle>> {
  const { runtimeDir, request, host } = parts
  const folder = sessionFolder(runtimeDir, request.id)
  await reserveSessionFolder(folder)
  const record: SessionRecord = {
    id: request.id,
    boot: await readBootId(),
    memoryBytes: request.limits.memoryBytes,
    user: { name: request.user.name, uid: request.user.uid ?? process.getuid?.() ?? 0 },
    cgroup: host.limiter?.place(request.id) ?? null,
    isMounted: request.user.uid !== null,
    init: null,
    program: null,
    mac: host.networks === null ? null : createMac(),
    network: null,
  }
  const attempt: Attempt = { ...parts, folder, record, network: null, connecting: null, box: null }
  try {
    const handle = await run(attempt)
    return { handle, address: { kind: 'socket', path: folder.socket } }
  } catch (error) {
    throw await giveUp(attempt, error)
  } finally {
    await attempt.network?.release()
    attempt.box?.release()
  }
}

async function run(attempt: Attempt): Promise<SandboxHandle> {
  const { host, record, folder, request, signal, report } = attempt
  report({ percent: 5, message: 'Preparing the sandbox' })
  await writeRecord(attempt)
  await makeFolders(folder)
  const entrances = await enterCgroup(attempt)
  const resolver = await readResolver(host)
  signal.throwIfAborted()

  report({ percent: 25, message: 'Connecting its network' })
  await allOf(makeBox(folder, request.user.uid), connectNetwork(attempt, entrances.tools, resolver))

  report({ percent: 50, message: 'Starting the server' })
  const box = await launch(attempt, entrances, resolver)
  attempt.box = box
  record.init = await withSignal(waitForInit(box), signal)
  if (attempt.connecting !== null) await withSignal(attempt.connecting, signal)
  await mountIntoBox(attempt, record.init)
  await writeRecord(attempt)
  signal.throwIfAborted()
  box.unblock()

  report({ percent: 75, message: 'Waiting for the server to answer' })
  await Promise.all([findNetwork(record, entrances.tools[0]), waitUntilReady(attempt, box)])
  const program = await findProgram(record.init)
  const handle: SandboxHandle = { ...record, init: record.init, program }
  await writeFile(folder.record, JSON.stringify(handle))
  return handle
}

async function giveUp(attempt: Attempt, error: unknown): Promise<unknown> {
  const { runtimeDir, record, folder, box, network, connecting, signal, request, log } = attempt
  await connecting?.catch(() => {})
  await network?.release()
  if (error instanceof EndedEarly) await Promise.race([box?.logged, pause(1000, undefined, { ref: false })])
  const words = await readLastWords(folder)
  if (record.init === null) box?.kill()
  const isDiskFull = await isFull(runtimeDir)
  try {
    const reason = await tearDown(runtimeDir, record)
    const isCancelled = signal.aborted && error === signal.reason
    return explainFailure(error, { words, reason, program: request.command[0] ?? '', isCancelled, isDiskFull })
  } catch (cause) {
    log.error({ err: cause, session: record.id }, 'A failed start left something behind.')
    return toCygnetError(error)
  }
}

/** Like Promise.all, but whoever fails, the others have come to their end: nothing is made behind the back of the cleaning up. */
async function allOf(...work: Array<Promise<void>>): Promise<void> {
  const failed = (await Promise.allSettled(work)).find(({ status }) => status === 'rejected')
  if (failed?.status === 'rejected') throw failed.reason
}

/** Programs fail in many ways on a full disk. */
async function isFull(path: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(path)
  return bavail * bsize < 16 * 1024
}

async function writeRecord({ folder, record }: Attempt): Promise<void> {
  await writeFile(folder.record, JSON.stringify(record), { mode: 0o600 })
}

async function findNetwork(record: SessionRecord, entrance: string | undefined): Promise<void> {
  if (record.mac === null) return
  record.network = await findPasta(record.mac, entrance)
  if (record.network === null) throw new CygnetError('unavailable', 'The network of the session ended at once.')
}

async function waitForInit(box: Box): Promise<ProcessId> {
  const pid = await box.init
  const init = pid === null ? null : await identify(pid)
  if (init === null) throw new EndedEarly('sandbox')
  return init
}

async function waitUntilReady({ folder, record, signal }: Attempt, box: Box): Promise<void> {
  const over = new AbortController()
  const ended = box.exited.then(() => {
    throw new EndedEarly('program')
  })
  try {
    await Promise.race([waitForSocket(folder, record.user.uid, AbortSignal.any([signal, over.signal])), ended])
  } finally {
    ended.catch(() => {})
    over.abort()
  }
}

/** The first child of the sandbox's first process; on a kernel that does not list children, that process itself. */
async function findProgram(init: ProcessId): Promise<ProcessId> {
  const [pid] = await childrenOf(init.pid)
  return (pid === undefined ? null : await identify(pid)) ?? init
}
