import { readFile, writeFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { toCygnetError } from '@cygnet/core/errors'
import type { Logger } from '@cygnet/core/log'
import type { ProgressStep, StartRequest, Started } from '../spawner.ts'
import { hostname, readTopLevel, toBubblewrapOptions, toInnerCommand } from './bubblewrap.ts'
import type { Entrances } from './cgroup/cgroup.ts'
import { findShell, toEnvironment, toShell } from './environment.ts'
import { writeEtc } from './etc.ts'
import type { SandboxHandle, SessionRecord } from './handle.ts'
import type { Host } from './host.ts'
import { launchBox, type Box } from './launch.ts'
import { applyMounts, enterWithMounts, reportEntered } from './mounts.ts'
import { createNetwork, type Network } from './network.ts'
import { childrenOf, identify, readBootId, type ProcessId } from './process.ts'
import { waitForSocket } from './readiness.ts'
import { toPrivateResolver, type Resolver } from './resolver.ts'
import {
  fillSessionFolder,
  readLastWords,
  reserveSessionFolder,
  sessionFolder,
  type SessionFolder,
} from './session-folder.ts'
import { EndedEarly, explainFailure } from './start-failure.ts'
import { tearDown } from './teardown.ts'

interface StartParts {
  runtimeDir: string
  log: Logger
  host: Host
  /** Checked already. */
  request: StartRequest
  signal: AbortSignal
  report: (step: ProgressStep) => void
}

/** What a start has taken so far, to be given back should it fail. */
interface Attempt extends StartParts {
  folder: SessionFolder
  record: SessionRecord
  network: Network | null
  box: Box | null
}

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
    network: null,
  }
  const attempt: Attempt = { ...parts, folder, record, network: null, box: null }
  try {
    const handle = await run(attempt)
    return { handle, address: { kind: 'socket', path: folder.socket } }
  } catch (error) {
    throw await giveUp(attempt, error)
  } finally {
    attempt.network?.release()
    attempt.box?.release()
  }
}

async function run(attempt: Attempt): Promise<SandboxHandle> {
  const { host, record, folder, request, signal, report } = attempt
  report({ percent: 5, message: 'Preparing the sandbox' })
  await writeRecord(attempt)
  await fillSessionFolder(folder, request.user.uid, host.networkUid)
  const entrances = await enterCgroup(attempt)
  const resolver = await readResolver(host)
  signal.throwIfAborted()

  report({ percent: 25, message: 'Connecting its network' })
  if (host.hasNetworks) attempt.network = await makeNetwork(attempt, entrances.tools, resolver)
  const connecting = attempt.network?.connect() ?? null
  // It is awaited below; should something else fail first, its own failure adds nothing.
  connecting?.catch(() => {})

  report({ percent: 50, message: 'Starting the server' })
  const box = await launch(attempt, entrances, resolver)
  attempt.box = box
  record.init = await waitForInit(box)
  record.network = await connecting
  await mountShared(attempt, record.init)
  await writeRecord(attempt)
  signal.throwIfAborted()
  box.unblock()

  report({ percent: 75, message: 'Waiting for the server to answer' })
  await waitUntilReady(attempt, box)
  const program = await findProgram(record.init)
  const handle: SandboxHandle = { ...record, init: record.init, program }
  await writeFile(folder.record, JSON.stringify(handle))
  return handle
}

async function giveUp(
  { runtimeDir, record, folder, box, network, signal, request, log }: Attempt,
  error: unknown,
): Promise<unknown> {
  network?.release()
  if (record.init === null) box?.kill()
  if (error instanceof EndedEarly) await Promise.race([box?.logged, pause(1000, undefined, { ref: false })])
  const words = await readLastWords(folder)
  try {
    const reason = await tearDown(runtimeDir, record)
    const isCancelled = signal.aborted && error === signal.reason
    return explainFailure(error, { words, reason, program: request.command[0] ?? '', isCancelled })
  } catch (cause) {
    log.error({ err: cause, session: record.id }, 'A failed start left something behind.')
    return toCygnetError(error)
  }
}

async function writeRecord({ folder, record }: Attempt): Promise<void> {
  await writeFile(folder.record, JSON.stringify(record), { mode: 0o600 })
}

async function enterCgroup({ host, record, request }: Attempt): Promise<Entrances> {
  if (host.limiter === null || record.cgroup === null) return { tools: [], box: [] }
  return host.limiter.create(record.cgroup, request.limits)
}

async function readResolver({ hasNetworks }: Host): Promise<Resolver> {
  const text = await readFile('/etc/resolv.conf', 'utf8').catch(() => '')
  return hasNetworks ? toPrivateResolver(text) : { text, isForwarded: false }
}

async function makeNetwork(
  { host, folder, request, signal }: Attempt,
  entrances: string[],
  resolver: Resolver,
): Promise<Network> {
  const { programs, networkUid } = host
  const { frontDoorPort } = request
  const { isForwarded } = resolver
  return createNetwork({
    programs,
    uid: networkUid,
    entrances,
    folder: folder.network,
    frontDoorPort,
    isForwarded,
    signal,
  })
}

async function launch(attempt: Attempt, entrances: Entrances, resolver: Resolver): Promise<Box> {
  const { host, folder, request, record, network } = attempt
  const { programs, seccomp } = host
  const { uid } = request.user
  const shell = await findShell()
  const etcFiles = await writeEtc(folder.etc, { user: record.user, shell, hostname, resolver: resolver.text })
  await writeFile(folder.environment, toShell(toEnvironment(request, shell)), { mode: 0o444 })
  const entered = await enterHome(attempt)
  const options = toBubblewrapOptions({
    folder,
    uid,
    userName: request.user.name,
    software: request.software,
    etcFiles,
    home: entered === null ? request.home : folder.home,
    topLevel: await readTopLevel(),
    hasSeccomp: seccomp !== null,
    memoryBytes: request.limits.memoryBytes,
  })
  const processes = host.needsResourceLimits ? request.limits.processes : null
  return launchBox({
    bash: programs.bash,
    folder,
    entrances,
    bwrap: programs.bwrap,
    options,
    seccomp,
    enter: entered ?? network?.enter ?? [],
    command: toInnerCommand({ programs, uid, processes, command: request.command }),
  })
}

/** Root mounts into the sandbox once it is there. An ordinary user puts the home together first; null where it is as it is. */
async function enterHome({ host, folder, request, network }: Attempt): Promise<string[] | null> {
  const { python } = host.programs
  if (request.user.uid !== null || request.mounts.length === 0 || python === null) return null
  return enterWithMounts({
    python,
    folder,
    home: request.home,
    mounts: request.mounts,
    holder: network?.holder ?? null,
  })
}

/** What cannot be shared must not keep the user from their own files. */
async function mountShared({ host, request, record, folder, log }: Attempt, init: ProcessId): Promise<void> {
  const { python } = host.programs
  if (request.mounts.length === 0 || python === null) return
  try {
    if (request.user.uid === null) await reportEntered(folder, log)
    else await applyMounts({ python, init, user: record.user, mounts: request.mounts, log })
  } catch (error) {
    log.warn({ err: error, user: record.user.name }, 'A session starts without what is shared with its user.')
  }
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
