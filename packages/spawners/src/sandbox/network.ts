import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { CygnetError } from '@cygnet/core/errors'
import { joinFirst } from './cgroup/join.ts'
import { identify, type ProcessId } from './process.ts'
import type { Programs } from './programs.ts'
import { forwardedResolver, metadataAddresses } from './resolver.ts'
import { run, systemPath } from './run.ts'
import { withSignal } from './with-signal.ts'

/** With what networks are made on this machine. */
export interface NetworkMeans {
  /** As whom their processes run where the service is root; null for the service's own user. */
  uid: number | null
  /** What must stand before pasta for it to open a tun device, from `findTun`. */
  tun: string[]
}

interface NetworkOptions {
  programs: Programs
  means: NetworkMeans
  /** Files of cgroups to enter. */
  entrances: string[]
  /** Of the session's interface, from {@link createMac}. */
  mac: string
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
  connect(): Promise<void>
  /** Resolves once the holder is gone. A connected network lives as long as pasta. */
  release(): Promise<void>
}

const patience = 20_000

/**
 * Makes a network namespace of its own for a session. What is inside reaches the world, the host's loopback at one port, and
 * nothing else of the host's loopback, nor the metadata service of a cloud; nobody reaches what is inside.
 *
 * The namespace belongs to a user namespace of the unprivileged uid as which pasta runs: pasta needs no other right then.
 */
export async function createNetwork(options: NetworkOptions): Promise<Network> {
  const { programs, signal } = options
  const { uid } = options.means
  const [program = '', ...args] = [...asUser(programs, uid, namespaceRights), ...holdArguments(programs)]
  const holder = spawn(program, args, { cwd: '/', env: { PATH: systemPath }, stdio: 'pipe', detached: true })
  holder.stdin.on('error', () => {})
  const { promise: gone, resolve } = Promise.withResolvers<void>()
  holder.once('close', () => resolve())
  const release = async (): Promise<void> => {
    holder.kill('SIGKILL')
    await gone
  }
  const words = readWords(holder)
  try {
    await withSignal(words.ready, signal)
  } catch (error) {
    await release()
    throw error
  }
  const { pid = 0 } = holder
  const connect = async (): Promise<void> => {
    // Until pasta has come to its end, whatever else failed: it must not appear after all was cleaned up.
    const [pasta, hidden] = await Promise.allSettled([startPasta(options, pid), words.hidden])
    if (pasta.status === 'rejected') throw pasta.reason
    if (hidden.status === 'rejected') throw hidden.reason
  }
  return { enter: enterArguments(programs, uid, pid), holder: pid, release, connect }
}

/** A hardware address that no other session has: it is also how the session's pasta is known among all others. */
export function createMac(): string {
  // Locally administered, for one station.
  return ['02', ...Array.from(randomBytes(5), (byte) => byte.toString(16).padStart(2, '0'))].join(':')
}

/**
 * The pasta of the interface with this hardware address, looked for in the session's cgroup, or without one among all
 * processes: it goes its own way when it is ready, and where AppArmor confines it, as on Debian and Ubuntu, it may not leave
 * a note of its pid in our folders.
 *
 * @param entrance - a `cgroup.procs` file
 */
export async function findPasta(mac: string, entrance?: string): Promise<ProcessId | null> {
  const names = entrance === undefined ? await readdir('/proc') : (await readFile(entrance, 'utf8')).split('\n')
  const pids = names.filter((name) => /^\d+$/.test(name))
  const isOurs = await Promise.all(
    pids.map(async (pid) => {
      const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
      return words[0]?.endsWith('/pasta') === true && words.includes(mac)
    }),
  )
  const pid = pids.find((_, index) => isOurs[index])
  return pid === undefined ? null : identify(Number(pid))
}

async function startPasta(options: NetworkOptions, holder: number): Promise<void> {
  const { programs, mac, entrances, frontDoorPort, isForwarded } = options
  const { uid, tun } = options.means
  const onLoopback = frontDoorPort === null ? 'none' : String(frontDoorPort)
  // Newer ones end with the process that they were told the namespace by, which is our holder; the session goes on.
  const flags = '--config-net --no-map-gw --no-netns-quit --quiet -t none -u none -U none'.split(' ')
  const forward = isForwarded ? ['--dns-forward', forwardedResolver] : []
  const args = [...flags, '-T', onLoopback, '--ns-mac-addr', mac, ...addressFamilies(), ...forward, String(holder)]
  const pasta = [...tun, ...asUser(programs, uid, []), programs.pasta ?? 'pasta', ...args]
  const [program, ...rest] = joinFirst(programs.bash, entrances, pasta)
  // Killed halfway it might leave its second half behind, so that a cancelled start, too, waits for it.
  const outcome = await run(program, rest, { signal: AbortSignal.timeout(patience) })
  if (outcome.code !== 0) throw networkError(outcome.stderr)
}

/** With CAP_SYS_ADMIN the namespaces can be made also where the system does not let ordinary users make them. */
const namespaceRights = ['--inh-caps=-all,+sys_admin', '--ambient-caps=-all,+sys_admin']

function asUser({ setpriv }: Programs, uid: number | null, rights: string[]): string[] {
  return uid === null ? [] : [setpriv, `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', ...rights, '--']
}

function holdArguments({ unshare, ip }: Programs): string[] {
  const hide = ip === null ? '' : [4, 6].map(hideAddresses).join('')
  const script = `echo ready\n${hide}echo hidden\nread -r line`
  return [unshare, '--user', '--map-current-user', '--keep-caps', '--net', '--', '/bin/sh', '-c', script, ip ?? 'sh']
}

/** A line of shell, with `ip` as $0. Rules go before any route that pasta takes over from the host, such as one to just there. */
function hideAddresses(family: number): string {
  const addresses = metadataAddresses.filter((address) => address.includes(':') === (family === 6))
  const batch = (command: (address: string) => string): string =>
    `printf '${addresses.map((address) => `${command(address)}\\n`).join('')}' | "$0" -${family} -force -batch - 2> /dev/null`
  const rules = batch((address) => `rule add pref 10 to ${address} unreachable`)
  // Where the kernel knows no rules.
  const routes = batch((address) => `route add unreachable ${address}`)
  return `${rules} || ${routes}\n`
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

interface Words {
  /** The holder stands in its namespaces. */
  ready: Promise<void>
  /** The addresses that are out of a session's reach are so. */
  hidden: Promise<void>
}

function readWords(holder: ChildProcessWithoutNullStreams): Words {
  const [ready, hidden] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const fail = (why: string): void => {
    for (const { promise, reject } of [ready, hidden]) {
      promise.catch(() => {})
      reject(networkError(why))
    }
  }
  let [said, complaint] = ['', '']
  holder.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
    if (said.includes('ready')) ready.resolve()
    if (said.includes('hidden')) hidden.resolve()
  })
  holder.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  holder.on('error', (error) => fail(error.message))
  holder.on('close', () => fail(complaint))
  return { ready: ready.promise, hidden: hidden.promise }
}

function networkError(words: string): CygnetError {
  const why = words.replaceAll(/^Failed to send .* to syslog$/gm, '').trim()
  return new CygnetError('unavailable', `A network for the session could not be made: ${why || 'pasta failed.'}`, {
    mend: 'Where the system does not let users make namespaces, allow it (sysctl user.max_net_namespaces, kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns), or set sandbox.network to host.',
  })
}
