import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { readFile, readdir } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { CygnetError } from '@cygnet/core/errors'
import { joinFirst } from './cgroup/join.ts'
import { identify, type ProcessId } from './process.ts'
import type { Programs } from './programs.ts'
import { forwardedResolver } from './resolver.ts'
import { run, systemPath } from './run.ts'
import { withSignal } from './with-signal.ts'

interface NetworkOptions {
  programs: Programs
  /** As whom the network's processes run where the service is root; null for the service's own user. */
  uid: number | null
  /** Files of cgroups to enter. */
  entrances: string[]
  /** A folder that this uid may write to, for the pid. */
  folder: string
  frontDoorPort: number | null
  /** Whether to pass name queries on to the host's resolver. */
  isForwarded: boolean
  signal: AbortSignal
}

/** A network namespace that is not yet connected to anything. */
export interface Network {
  /** What must stand before a program's arguments for it to run there. */
  enter: string[]
  /** The process that holds it until someone has entered. */
  holder: number
  /** Connects it to the world by pasta, which stays behind; resolves once addresses and routes are there. */
  connect(): Promise<ProcessId>
  /** Lets go of the holder. A connected network lives as long as pasta. */
  release(): void
}

const pidFile = 'pasta.pid'
const patience = 20_000

/**
 * Makes a network namespace of its own for a session. What is inside reaches the world, the host's loopback at one port, and
 * nothing else of the host's loopback; nobody reaches what is inside.
 *
 * The namespace belongs to a user namespace of the unprivileged uid as which pasta runs: pasta needs no other right then.
 */
export async function createNetwork(options: NetworkOptions): Promise<Network> {
  const { programs, uid } = options
  const hold = [...asUser(programs, uid, namespaceRights), ...holdArguments(programs)]
  const [program, ...args] = joinFirst(programs.bash, options.entrances, hold)
  const holder = spawn(program, args, { cwd: '/', env: { PATH: systemPath }, stdio: 'pipe', detached: true })
  holder.stdin.on('error', () => {})
  const release = (): void => void holder.stdin.end()
  try {
    await waitForWord(holder, options.signal)
  } catch (error) {
    release()
    throw error
  }
  const { pid = 0 } = holder
  return { enter: enterArguments(programs, uid, pid), holder: pid, release, connect: () => connect(options, pid) }
}

/** The pid that pasta left in its folder, where it is still pasta's. */
export async function findPasta(folder: string): Promise<ProcessId | null> {
  const pid = Number(await readFile(join(folder, pidFile), 'utf8').catch(() => ''))
  if (!Number.isSafeInteger(pid) || pid <= 1) return null
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')
  // It is the same program under two names.
  return /^pas(?:ta|st)/.test(name) ? identify(pid) : null
}

async function connect(options: NetworkOptions, holder: number): Promise<ProcessId> {
  const { programs, uid, folder, entrances, frontDoorPort, isForwarded } = options
  const onLoopback = frontDoorPort === null ? 'none' : String(frontDoorPort)
  const flags = '--config-net --no-map-gw --quiet -t none -u none -U none'.split(' ')
  const forward = isForwarded ? ['--dns-forward', forwardedResolver] : []
  const args = [...flags, '-T', onLoopback, '--pid', pidFile, ...addressFamilies(), ...forward, String(holder)]
  const pasta = [...asUser(programs, uid, []), programs.pasta ?? 'pasta', ...args]
  const [program, ...rest] = joinFirst(programs.bash, entrances, pasta)
  // Killed halfway it might leave its second half behind, so that a cancelled start, too, waits for it.
  const outcome = await run(program, rest, { cwd: folder, signal: AbortSignal.timeout(patience) })
  // On a full disk it runs although it could not write its pid.
  const running = outcome.code === 0 ? ((await findPasta(folder)) ?? (await findPastaOf(holder))) : null
  if (running === null) throw networkError(outcome.stderr)
  return running
}

async function findPastaOf(holder: number): Promise<ProcessId | null> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
    if (words[0]?.endsWith('/pasta') === true && words.at(-2) === String(holder)) return identify(Number(pid))
  }
  return null
}

/** With CAP_SYS_ADMIN the namespaces can be made also where the system does not let ordinary users make them. */
const namespaceRights = ['--inh-caps=-all,+sys_admin', '--ambient-caps=-all,+sys_admin']

function asUser({ setpriv }: Programs, uid: number | null, rights: string[]): string[] {
  return uid === null ? [] : [setpriv, `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', ...rights, '--']
}

function holdArguments({ unshare }: Programs): string[] {
  return [unshare, '--user', '--map-current-user', '--net', '--', '/bin/sh', '-c', 'echo ready; read -r line']
}

function enterArguments({ nsenter }: Programs, uid: number | null, holder: number): string[] {
  const net = `--net=/proc/${holder}/ns/net`
  return uid === null
    ? [nsenter, `--user=/proc/${holder}/ns/user`, '--preserve-credentials', net, '--']
    : [nsenter, net, '--']
}

/**
 * One family where the host has no more than that on its way to the world: pasta's buffers for a family take 10 MB a
 * session. A unique local IPv6 address (fc00::/7) beside an IPv4 one leads nowhere that IPv4 does not.
 */
function addressFamilies(): string[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .filter(({ internal }) => !internal)
  const hasV4 = addresses.some(({ family }) => family === 'IPv4')
  const hasV6 = addresses.some(({ family, address }) => family === 'IPv6' && /^[23]/.test(address))
  if (hasV4 === hasV6) return []
  return [hasV4 ? '-4' : '-6']
}

/** Waits until the holder says that it stands in its namespaces. */
async function waitForWord(holder: ChildProcessWithoutNullStreams, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let complaint = ''
  holder.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  holder.stdout.once('data', () => resolve())
  holder.on('error', (error) => reject(networkError(error.message)))
  holder.on('close', () => reject(networkError(complaint)))
  await withSignal(promise, signal)
}

function networkError(words: string): CygnetError {
  const why = words.replaceAll(/^Failed to send .* to syslog$/gm, '').trim()
  return new CygnetError('unavailable', `A network for the session could not be made: ${why || 'pasta failed.'}`, {
    mend: 'Install the package passt and see that /dev/net/tun is there, or set sandbox.network to host.',
  })
}
