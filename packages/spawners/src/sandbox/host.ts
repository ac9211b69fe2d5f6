import { mkdir } from 'node:fs/promises'
import { CygnetError, toCygnetError } from '@cygnet/core/errors'
import type { Logger } from '@cygnet/core/log'
import type { IsolationGap } from '../spawner.ts'
import type { Limiter } from './cgroup/cgroup.ts'
import { createLimiter, missingLimits } from './cgroup/limiter.ts'
import { failedNetworkGap, limitsGap, metadataGap, sharedNetworkGap, systemCallsGap, usersGap } from './gaps.ts'
import { createMac, createNetwork, findPasta, type Network, type NetworkMeans } from './network.ts'
import { isAlive, kill, waitBriefly } from './process.ts'
import { findPrograms, type Programs } from './programs.ts'
import { metadataAddresses } from './resolver.ts'
import { run } from './run.ts'
import { createSeccompFilter } from './seccomp.ts'
import { findTun } from './tun.ts'

/** What this machine lets a sandbox have. */
export interface Host {
  programs: Programs
  limiter: Limiter | null
  /** Whether the user's resource limits stand in for a missing cgroup's limit of processes. */
  needsResourceLimits: boolean
  /** How sessions get networks of their own; null where they share the host's. */
  networks: NetworkMeans | null
  seccomp: Buffer | null
  /** Which promises cannot be kept. */
  gaps: IsolationGap[]
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
 * Finds out what can be had here, by trying it.
 * @throws CygnetError `unavailable` naming what is missing and required
 */
export async function inspectHost(options: HostOptions): Promise<Host> {
  const { runtimeDir, log, limits, cgroup, searchPath } = options
  const isRoot = process.getuid?.() === 0
  const programs = await findPrograms(searchPath)
  const [limiter, { networks, gaps }] = await Promise.all([
    createLimiter({ mode: limits, parent: cgroup }),
    decideNetworks(options, programs, isRoot ? nobody : null),
  ])
  const seccomp = createSeccompFilter(process.arch)
  if (programs.python === null) log.warn('Nothing can be shared into sessions: there is no python3 on this machine.')
  const needsResourceLimits = limits !== 'off' && limiter?.enforces.processes !== true
  const missing = missingLimits(limiter).filter((limit) => limit !== 'processes' || !needsResourceLimits)
  if (missing.length > 0) gaps.push(limitsGap(missing, limits === 'off'))
  if (!isRoot) gaps.push(usersGap())
  if (seccomp === null) gaps.push(systemCallsGap(process.arch))
  await mkdir(runtimeDir, { recursive: true, mode: 0o700 })
  return { programs, limiter, needsResourceLimits, networks, seccomp, gaps }
}

interface Networks {
  networks: NetworkMeans | null
  gaps: IsolationGap[]
}

async function decideNetworks({ network }: HostOptions, programs: Programs, uid: number | null): Promise<Networks> {
  if (network === 'host') return { networks: null, gaps: [sharedNetworkGap('sandbox.network is host.', undefined)] }
  try {
    if (programs.pasta === null)
      throw new CygnetError(
        'unavailable',
        'Sessions cannot have networks of their own: pasta is missing on this machine.',
        {
          mend: 'Install the package passt, or set sandbox.network to host.',
        },
      )
    const networks = { uid, tun: await findTun(programs, uid) }
    return { networks, gaps: await tryNetwork(programs, networks) }
  } catch (error) {
    if (network === 'private') throw error
    return { networks: null, gaps: [failedNetworkGap(toCygnetError(error))] }
  }
}

async function tryNetwork(programs: Programs, means: NetworkMeans): Promise<IsolationGap[]> {
  const mac = createMac()
  const signal = AbortSignal.timeout(10_000)
  const none = { entrances: [], frontDoorPort: null, isForwarded: false }
  const network = await createNetwork({ programs, means, mac, signal, ...none })
  try {
    await network.connect()
    const pasta = await findPasta(mac)
    if (pasta === null) throw new CygnetError('unavailable', 'pasta ends right after it has begun.')
    const gap = await findMetadata(programs, network)
    await kill(pasta, 'SIGKILL')
    await waitBriefly(async () => !(await isAlive(pasta)), 2000)
    return gap === null ? [] : [gap]
  } finally {
    await network.release()
  }
}

/** Looks for a way to the addresses that are to be out of reach. */
async function findMetadata({ ip }: Programs, { enter }: Network): Promise<IsolationGap | null> {
  if (ip === null) return metadataGap('The program ip is missing on this machine.', 'Install the package iproute2.')
  const [program, ...args] = [...enter, ip]
  for (const address of metadataAddresses) {
    const [first = ''] = address.split('/')
    const { code } = await run(program, [...args, 'route', 'get', first])
    if (code === 0)
      return metadataGap(`This kernel cannot keep sessions from ${first}.`, 'Block it for this machine in the cloud.')
  }
  return null
}
