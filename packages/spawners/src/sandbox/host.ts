import { mkdir } from 'node:fs/promises'
import { CygnetError, toCygnetError } from '@cygnet/core/errors'
import type { Logger } from '@cygnet/core/log'
import type { Limiter } from './cgroup/cgroup.ts'
import { createLimiter } from './cgroup/limiter.ts'
import { createMac, createNetwork, findPasta } from './network.ts'
import { isAlive, kill, waitBriefly } from './process.ts'
import { findPrograms, type Programs } from './programs.ts'
import { createSeccompFilter } from './seccomp.ts'

/** What this machine lets a sandbox have. */
export interface Host {
  programs: Programs
  limiter: Limiter | null
  /** Whether the user's resource limits stand in for a missing cgroup's limit of processes. */
  needsResourceLimits: boolean
  /** Whether sessions have networks of their own. */
  hasNetworks: boolean
  seccomp: Buffer | null
  /** As whom the processes of networks run; null for the service's own user. */
  networkUid: number | null
}

export interface HostOptions {
  runtimeDir: string
  log: Logger
  network: 'auto' | 'private' | 'host'
  limits: 'auto' | 'required' | 'off'
  cgroup: string | null
  searchPath: string
}

/** nobody: it owns no file and, beside the networks, nothing of the service runs as it. */
const nobody = 65_534

/**
 * Finds out what can be had here, by trying it, and logs what cannot.
 * @throws CygnetError `unavailable` naming what is missing and required
 */
export async function inspectHost(options: HostOptions): Promise<Host> {
  const { runtimeDir, log, limits, cgroup, searchPath } = options
  const networkUid = process.getuid?.() === 0 ? nobody : null
  const programs = await findPrograms(searchPath)
  const [limiter, hasNetworks] = await Promise.all([
    createLimiter({ mode: limits, parent: cgroup, log }),
    decideNetworks(options, programs, networkUid),
  ])
  const seccomp = createSeccompFilter(process.arch)
  if (seccomp === null) log.warn(`System calls are not filtered: there is no filter for ${process.arch}.`)
  if (programs.python === null) log.warn('Nothing can be shared into sessions: there is no python3 on this machine.')
  if (hasNetworks && programs.ip === null)
    log.warn('Sessions reach the metadata service of a cloud, if this machine is in one: install the package iproute2.')
  await mkdir(runtimeDir, { recursive: true, mode: 0o700 })
  const needsResourceLimits = limits !== 'off' && limiter?.enforces.processes !== true
  return { programs, limiter, needsResourceLimits, hasNetworks, seccomp, networkUid }
}

async function decideNetworks(options: HostOptions, programs: Programs, uid: number | null): Promise<boolean> {
  const { network, log } = options
  if (network === 'host') return false
  try {
    if (programs.pasta === null)
      throw new CygnetError(
        'unavailable',
        'Sessions cannot have networks of their own: pasta is missing on this machine.',
        {
          mend: 'Install the package passt, or set sandbox.network to host.',
        },
      )
    await tryNetwork(programs, uid)
    return true
  } catch (error) {
    if (network === 'private') throw error
    const { message, mend } = toCygnetError(error)
    log.warn({ mend }, `Sessions share the host's network, its loopback included: ${message}`)
    return false
  }
}

async function tryNetwork(programs: Programs, uid: number | null): Promise<void> {
  const mac = createMac()
  const signal = AbortSignal.timeout(10_000)
  const network = await createNetwork({
    programs,
    uid,
    mac,
    signal,
    entrances: [],
    frontDoorPort: null,
    isForwarded: false,
  })
  try {
    await network.connect()
    const pasta = await findPasta(mac)
    if (pasta === null) throw new CygnetError('unavailable', 'pasta ends right after it has begun.')
    await kill(pasta, 'SIGKILL')
    await waitBriefly(async () => !(await isAlive(pasta)), 2000)
  } finally {
    await network.release()
  }
}
