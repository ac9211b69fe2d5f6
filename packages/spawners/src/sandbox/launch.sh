#!/bin/bash
# Enters cgroups, sets up the session's log and becomes the program.
#
#   launch.sh FOLDER TOOLS BOX PROGRAM [ARGUMENT...]
#
# TOOLS and BOX are cgroup.procs files, one a line. The log goes to FOLDER/log and FOLDER/log.old, 512 KiB each at most, by
# a process of its own: it outlives the service, and it is in the session's cgroup but not in its limit of processes.
# Descriptors: 3 to 7 are the program's; 8 stays open as long as the log is being written.
set -eu
folder=$1 tools=$2 box=$3
shift 3
IFS=$'\n'

# Should the service be killed before it has noted the sandbox, the next one ends the launch by this: pid and start time.
umask 077
cd "$folder"
read -r stat < "/proc/$$/stat"
echo "$stat" > launch.stat

# What the service itself was started with, such as a terminal, is not for its sessions.
for fd in /proc/self/fd/*; do
  fd=${fd##*/}
  if ((fd > 8 && fd != 255)); then eval "exec $fd>&-"; fi
done
for procs in $tools; do echo 0 > "$procs"; done

# A named pipe whose inode others may write to: the session may open its /dev/stderr again, though not read it.
mkfifo -m 622 log.pipe
split --bytes=512K --filter='mv -f log log.old 2> /dev/null; exec cat > log' - < log.pipe 3>&- 4>&- 5>&- 6>&- 7>&- &
exec > log.pipe 2>&1 8>&-
rm log.pipe

for procs in $box; do echo 0 > "$procs"; done
# What the kernel must kill for want of memory in the whole machine is rather a session than the service.
echo 300 > /proc/self/oom_score_adj 2> /dev/null || true
ulimit -c 0
umask 022
cd /
exec "$@"
