import { lstat, readlink } from 'node:fs/promises'
import type { Software } from '../spawner.ts'
import { hostEtc } from './etc.ts'
import type { Programs } from './programs.ts'
import { systemPath } from './run.ts'
import type { SessionFolder } from './session-folder.ts'

/** Descriptors of the launched process, see launch.sh. */
export const descriptors = { arguments: 3, info: 4, block: 5, seccomp: 6, status: 7, pump: 8 } as const

/** Inside, where the environment is. */
export const environmentFile = '/run/cygnet-environment'

interface BoxOptions {
  folder: SessionFolder
  /** As whom the program runs where the service is root; else null, and it runs as the service's user. */
  uid: number | null
  userName: string
  /** The home on the host. */
  home: string
  software: Software[]
  /** Names of the session's own files of `/etc`. */
  etcFiles: string[]
  /** The host's top-level folders and links, from {@link readTopLevel}. */
  topLevel: string[]
  hasSeccomp: boolean
  memoryBytes: number
}

/** Beside `/usr` and `/etc`, what a session sees of the host where it is there: the number of processors, caches of fonts and TeX. */
const hostPlaces = ['/sys/devices/system/cpu', '/var/cache/fontconfig', '/var/lib/texmf']
const places = [...hostPlaces, '/home/user', '/run/cygnet']

/** The hostname of every session. */
export const hostname = 'cygnet'

/**
 * The options of bubblewrap for a session, for its `--args`.
 *
 * As root it runs without a user namespace, for the home may lie where the user's uid may not go, and setpriv gives up the
 * rights inside, as the last thing before the program. As an ordinary user it needs a user namespace to mount anything.
 */
export function toBubblewrapOptions(options: BoxOptions): string[] {
  const { folder, uid, userName, software, memoryBytes } = options
  // It counts as memory. With half of it, as is usual for such file systems, a full one does not end the server.
  const size = String(Math.round(memoryBytes / 2))
  const scratch = (path: string): string[] => ['--perms', '1777', '--size', size, '--tmpfs', path]
  const targets = [...places, ...hostEtc.map((name) => `/etc/${name}`), ...software.map(({ target }) => target)]
  const all: string[][] = [
    uid === null ? ['--unshare-user'] : [],
    ['--unshare-ipc', '--unshare-pid', '--unshare-uts', '--unshare-cgroup-try', '--hostname', hostname],
    ['--new-session', '--clearenv', '--setenv', 'PATH', systemPath],
    ['--cap-drop', 'ALL'],
    // Just enough for setpriv.
    uid === null ? [] : ['CAP_SETUID', 'CAP_SETGID', 'CAP_SETPCAP'].flatMap((name) => ['--cap-add', name]),
    options.topLevel,
    ['--proc', '/proc', '--dev', '/dev', ...scratch('/dev/shm'), '--remount-ro', '/dev', ...scratch('/tmp')],
    // bubblewrap's own way with missing parents leaves them to root alone.
    parentsOf(targets).flatMap((path) => ['--perms', '0755', '--dir', path]),
    ['--symlink', '../tmp', '/var/tmp', '--symlink', '../run', '/var/run', '--symlink', '/proc/mounts', '/etc/mtab'],
    hostPlaces.flatMap(asOnHost),
    hostEtc.flatMap((name) => asOnHost(`/etc/${name}`)),
    options.etcFiles.flatMap((name) => ['--ro-bind', `${folder.etc}/${name}`, `/etc/${name}`]),
    ['--bind', options.home, `/home/${userName}`, '--bind', folder.inner, '/run/cygnet'],
    software.flatMap(({ source, target, access }) => [
      access?.kind === 'write' ? '--bind' : '--ro-bind',
      source,
      target,
    ]),
    ['--ro-bind', folder.environment, environmentFile, '--remount-ro', '/'],
    options.hasSeccomp ? ['--seccomp', String(descriptors.seccomp)] : [],
    ['--info-fd', String(descriptors.info), '--block-fd', String(descriptors.block)],
    ['--json-status-fd', String(descriptors.status)],
  ]
  return all.flat()
}

interface InnerOptions {
  programs: Programs
  uid: number | null
  /** A limit on the user's processes by the user's own resource limits, where no cgroup limits them. */
  processes: number | null
  command: string[]
}

/**
 * What bubblewrap runs inside. The environment is read after the rights are gone: a variable such as LD_PRELOAD must not
 * reach setpriv.
 */
export function toInnerCommand({ programs, uid, processes, command }: InnerOptions): string[] {
  const begin = ['/bin/sh', '-c', `. ${environmentFile} && cd "$HOME" && exec "$@"`, 'sh']
  const limit = processes === null ? [] : [programs.prlimit, `--nproc=${processes}:${processes}`]
  return [...(uid === null ? [] : giveUpRights(programs.setpriv, uid)), ...limit, ...begin, ...command]
}

/** The host's programs and libraries, at their places, read-only. */
export async function readTopLevel(): Promise<string[]> {
  const found = await Promise.all(
    ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32', 'nix/store', 'gnu/store'].map(toArguments),
  )
  return ['--ro-bind', '/usr', '/usr', ...found.flat()]
}

/** The folders above these paths, outermost first. */
function parentsOf(paths: string[]): string[] {
  const all = paths.flatMap((path) =>
    path
      .split('/')
      .slice(1, -1)
      .map((_, index, parts) => `/${parts.slice(0, index + 1).join('/')}`),
  )
  return [...new Set(all)].filter((path) => path !== '/usr' && !path.startsWith('/usr/'))
}

function asOnHost(path: string): string[] {
  return ['--ro-bind-try', path, path]
}

async function toArguments(name: string): Promise<string[]> {
  const path = `/${name}`
  const info = await lstat(path).catch(() => null)
  if (info === null) return []
  return info.isSymbolicLink() ? ['--symlink', await readlink(path), path] : ['--ro-bind', path, path]
}

function giveUpRights(setpriv: string, uid: number): string[] {
  const rights = ['--no-new-privs', '--bounding-set=-all', '--inh-caps=-all', '--ambient-caps=-all']
  return [setpriv, `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', ...rights, '--']
}
