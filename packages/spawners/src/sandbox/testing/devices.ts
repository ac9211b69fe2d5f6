/** What a machine has at `/dev/net/tun`: a node of this mode, none, or not even its folder. `no module`: a node without a driver. */
export type TunState = '0600' | '0666' | 'none' | 'no folder' | 'no module'

const script = `set -eu
state=$1
shift
# Beside, so that the host's own can be bound into it.
new=$(mktemp -d)
mount -t tmpfs -o mode=755 test-devices "$new"
for device in null zero full random urandom tty; do
  touch "$new/$device"
  mount --bind "/dev/$device" "$new/$device"
done
mkdir -p "$new/pts" "$new/shm"
mount --rbind /dev/pts "$new/pts"
mount -t tmpfs -o mode=1777 test-shm "$new/shm"
ln -s pts/ptmx "$new/ptmx"
ln -s /proc/self/fd "$new/fd"
test "$state" = 'no folder' || mkdir -m 755 "$new/net"
case $state in
  06*) mknod -m "$state" "$new/net/tun" c 10 200 ;;
  'no module') mknod -m 666 "$new/net/tun" c 10 254 ;;
esac
mount --move "$new" /dev
rmdir "$new"
exec "$@"`

/** A command that runs in a mount namespace of its own, with devices of its own; for root. The machine's devices stay as they are. */
export function withDevices(tun: TunState, command: string[]): [string, ...string[]] {
  return ['unshare', '--mount', '--', '/bin/sh', '-c', script, 'sh', tun, ...command]
}
