#!/bin/bash
# Becomes the first process of a machine, in mount and pid namespaces that are new:
#
#   enter.sh MACHINE FOLDER COMMAND [ARGUMENT...]
#
# It has no udev: devices are as the kernel makes them, open to root alone.
set -eu
machine=$1 folder=$2
shift 2
hostname fresh
mount --make-rprivate /
mount --bind "$machine" "$machine"
cd "$machine"

mount -t proc proc proc
mount -t sysfs sysfs sys
mount --rbind /sys/fs/cgroup sys/fs/cgroup
mount -t tmpfs -o mode=755 dev dev
mkdir dev/pts dev/shm dev/net
mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts dev/pts
mount -t tmpfs -o mode=1777 shm dev/shm
device() { mknod -m "$2" "dev/$1" c "$3" "$4"; }
device null 666 1 3
device zero 666 1 5
device full 666 1 7
device random 666 1 8
device urandom 666 1 9
device tty 666 5 0
device fuse 600 10 229
device net/tun 600 10 200
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s fd/0 dev/stdin
ln -s fd/1 dev/stdout
ln -s fd/2 dev/stderr
mount -t tmpfs -o mode=755 run run
for name in resolv.conf hosts; do cat "/etc/$name" > "etc/$name"; done
echo "127.0.1.1 fresh" >> etc/hosts
echo fresh > etc/hostname

# No user namespace may be made in a mere chroot.
mkdir -p mnt
pivot_root . mnt
umount -l /mnt
cd "$folder"
# Certificates that Node is to believe beside its own are given to it in no other way.
environment=(HOME=/root "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" "TERM=${TERM:-dumb}")
if test -n "${NODE_EXTRA_CA_CERTS:-}"; then environment+=(NODE_EXTRA_CA_CERTS=/usr/local/share/registries.pem); fi
# As a child, so that this shell collects what is left behind by others, as an init does.
env -i "${environment[@]}" "$@" && exit 0 || exit $?
