import { CygnetError } from '@cygnet/core/errors'
import type { Programs } from './programs.ts'
import { run } from './run.ts'

/** The device that networks are made with, by its numbers in the kernel's list of devices. */
const device = { path: '/dev/net/tun', major: 10, minor: 200 } as const

/**
 * What must stand before a program for it to find a tun device that it may open as this uid: nothing, where the host's will do.
 *
 * Where there is no udev, as in containers and minimal virtual machines, the host's is open to root alone or missing. Root then
 * gives the program devices of its own, in a mount namespace that ends with it; the host's stay as they are.
 *
 * @param uid - null for the service's own, which is not root
 * @throws CygnetError `unavailable` saying what keeps it from being opened
 */
export async function findTun(programs: Programs, uid: number | null): Promise<string[]> {
  const first = await tryTun(programs, uid, [])
  if (first === '') return []
  if (uid === null) throw toError(first, false)
  const own = [programs.unshare, '--mount', '--', '/bin/sh', '-c', ownDevices, programs.mknod]
  const second = await tryTun(programs, uid, own)
  if (second === '') return own
  throw toError(second, true)
}

/** A script of shell, with `mknod` as $0. Beside tun it has what a program needs that goes into the background. */
const ownDevices = `set -e
mount -t tmpfs -o mode=755,size=64k,nosuid,noexec cygnet-devices /dev
mkdir -m 755 /dev/net
"$0" -m 666 /dev/null c 1 3
"$0" -m 666 ${device.path} c ${device.major} ${device.minor}
exec "$@"`

/** Opens it as pasta will. Resolves with why that cannot be, empty where it can. */
async function tryTun({ setpriv }: Programs, uid: number | null, enter: string[]): Promise<string> {
  const user = uid === null ? [] : [setpriv, `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--']
  // To open it with both rights at once would make a file where there is none.
  const script = `exec 3< ${device.path} && if ! test -w ${device.path}; then echo 'Permission denied' >&2; exit 1; fi`
  const [program, ...args] = [...enter, ...user, '/bin/sh', '-c', script]
  const { code, stderr } = await run(program, args)
  return code === 0 ? '' : stderr.trim() || 'unknown'
}

function toError(words: string, isOwn: boolean): CygnetError {
  // ENODEV or ENXIO.
  if (words.includes('No such device'))
    return new CygnetError('unavailable', 'The kernel has no tun device: its module tun is not loaded.', {
      mend: 'Load it with modprobe tun, at each boot by the line tun in /etc/modules-load.d/tun.conf; or set sandbox.network to host.',
    })
  if (isOwn)
    return new CygnetError('unavailable', `${device.path} cannot be opened, not even a new one: ${words}`, {
      mend: `A container must be given the device (with Docker: --device ${device.path}); or set sandbox.network to host.`,
    })
  if (words.includes('No such file'))
    return new CygnetError('unavailable', `${device.path} is missing on this machine.`, {
      mend: `As root: modprobe tun; where that does not make it: mkdir -p /dev/net && mknod -m 666 ${device.path} c ${device.major} ${device.minor}. Or run the service as root.`,
    })
  return new CygnetError('unavailable', `${device.path} may not be opened by the service's user.`, {
    mend: `As root: chmod 666 ${device.path}, at each boot by udev's rule KERNEL=="tun", MODE="0666". Or run the service as root.`,
  })
}
