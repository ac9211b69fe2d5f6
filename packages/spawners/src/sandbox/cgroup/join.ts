/**
 * A program that enters cgroups before it begins, so that all it does is counted, and that keeps nothing open of what the
 * service was started with.
 *
 * @param entrances - `cgroup.procs` files
 */
export function joinFirst(bash: string, entrances: string[], program: string[]): [string, ...string[]] {
  return [bash, ...withoutProfiles, '-c', script, 'bash', entrances.join('\n'), ...program]
}

/**
 * With a socket as its input, which pipes to a child are, bash takes itself for a remote shell and runs its user's own
 * `.bashrc` even before a command that is given.
 */
export const withoutProfiles = ['--norc', '--noprofile']

const script = `IFS=$'\\n'
for fd in /proc/self/fd/*; do
  fd=\${fd##*/}
  if ((fd > 2 && fd != 255)); then eval "exec $fd>&-"; fi
done
for procs in $1; do echo 0 > "$procs" || exit 1; done
shift
exec "$@"`
