import { readFile } from 'node:fs/promises'
import type { Logger } from '@cygnet/core/log'
import type { ProgressStep, Software, StartRequest } from '../spawner.ts'
import { hostname, readTopLevel, toBubblewrapOptions, toInnerCommand } from './bubblewrap.ts'
import type { Entrances } from './cgroup/cgroup.ts'
import { findShell, toEnvironment, toShell } from './environment.ts'
import { writeEtc, writeForUser } from './etc.ts'
import type { SessionRecord } from './handle.ts'
import type { Host } from './host.ts'
import { launchBox, type Box } from './launch.ts'
import { applyMounts, enterWithMounts, hasLayer, reportEntered, toShown } from './mounts.ts'
import { createNetwork, type Network } from './network.ts'
import type { ProcessId } from './process.ts'
import { toPrivateResolver, type Resolver } from './resolver.ts'
import type { SessionFolder } from './session-folder.ts'

export interface StartParts {
  runtimeDir: string
  log: Logger
  host: Host
  /** Checked already. */
  request: StartRequest
  signal: AbortSignal
  report: (step: ProgressStep) => void
}

/** What a start has taken so far, to be given back should it fail. */
export interface Attempt extends StartParts {
  folder: SessionFolder
  record: SessionRecord
  network: Network | null
  /** Resolves once the network reaches the world. */
  connecting: Promise<void> | null
  box: Box | null
}

export async function enterCgroup({ host, record, request }: Attempt): Promise<Entrances> {
  if (host.limiter === null || record.cgroup === null) return { tools: [], box: [] }
  return host.limiter.create(record.cgroup, request.limits)
}

export async function readResolver({ networks }: Host): Promise<Resolver> {
  const text = await readFile('/etc/resolv.conf', 'utf8').catch(() => '')
  return networks === null ? { text, isForwarded: false } : toPrivateResolver(text)
}

/** Makes the session's network, where it gets one, and begins to connect it. */
export async function connectNetwork(attempt: Attempt, entrances: string[], resolver: Resolver): Promise<void> {
  const { host, record, request, signal } = attempt
  if (record.mac === null || host.networks === null) return
  attempt.network = await createNetwork({
    programs: host.programs,
    means: host.networks,
    entrances,
    mac: record.mac,
    frontDoorPort: request.frontDoorPort,
    isForwarded: resolver.isForwarded,
    signal,
  })
  attempt.connecting = attempt.network.connect()
  // It is awaited later; should something else fail first, its own failure adds nothing.
  attempt.connecting.catch(() => {})
}

export async function launch(attempt: Attempt, entrances: Entrances, resolver: Resolver): Promise<Box> {
  const { host, folder, request, record, network } = attempt
  const { programs, seccomp } = host
  const { uid } = request.user
  const shell = await findShell()
  const etcFiles = await writeEtc(folder.etc, { user: record.user, shell, hostname, resolver: resolver.text })
  await writeForUser(folder.environment, toShell(toEnvironment(request, shell)))
  const entered = await enterOutside(attempt)
  const options = toBubblewrapOptions({
    folder,
    uid,
    userName: request.user.name,
    software: entered === null ? request.software : toEntered(attempt),
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

/** Root mounts into the sandbox once it is there. An ordinary user puts things together first; null where all is as it is. */
async function enterOutside({ host, folder, request, network }: Attempt): Promise<string[] | null> {
  const { python } = host.programs
  const layers = request.software.filter(hasLayer)
  if (request.user.uid !== null || request.mounts.length + layers.length === 0 || python === null) return null
  return enterWithMounts({
    python,
    folder,
    home: request.home,
    mounts: request.mounts,
    layers,
    holder: network?.holder ?? null,
  })
}

function toEntered({ folder, request }: Attempt): Software[] {
  const layered = request.software.filter(hasLayer)
  const shown = layered.map(({ target }, index) => ({
    source: toShown(folder, index),
    target,
    access: { kind: 'write' } as const,
  }))
  return [...request.software.filter((one) => !hasLayer(one)), ...shown]
}

/** What cannot be mounted must not keep the user from their own files. */
export async function mountIntoBox({ host, request, record, folder, log }: Attempt, init: ProcessId): Promise<void> {
  const { python } = host.programs
  const { mounts } = request
  const layers = request.software.filter(hasLayer)
  if (mounts.length + layers.length === 0 || python === null) return
  try {
    if (request.user.uid === null) await reportEntered(folder, log)
    else await applyMounts({ python, init, program: null, user: record.user, mounts, layers, log })
  } catch (error) {
    const what = layers.length === 0 ? 'is shared with its user' : 'its user installed and what is shared with them'
    log.warn({ err: error, user: record.user.name }, `A session starts without what ${what}.`)
  }
}
