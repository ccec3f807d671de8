#!/bin/bash
# On this machine: a root of its own over the machine's files, so that whatever is written is gone afterwards; then the
# internet that the clusters' nodes share, and the conductor. Started in namespaces of its own, by here.ts.
#
#   stage.sh COMMAND…
set -eu

mount --make-rprivate /
# Where it is mounted matters to nobody else: this namespace goes.
mount -t tmpfs tmpfs /mnt
mkdir /mnt/{files,work,root}
mount -t overlay -o lowerdir=/,upperdir=/mnt/files,workdir=/mnt/work overlay /mnt/root
cd /mnt/root
for folder in dev proc sys tmp run; do mkdir -p "$folder"; done
mount -t proc proc proc
mount --rbind /dev dev
mount --rbind /sys sys
mount --bind /tmp tmp
mount -t tmpfs tmpfs run
mkdir -p -m 755 run/netns run/lock
pivot_root . mnt
umount -l mnt
cd /

ip link set lo up
# As in a guest of QEMU's: the machine's loopback, where the API servers are (relay.ts).
ip addr add 10.0.2.2/32 dev lo
sysctl -qw net.ipv4.ip_forward=1
ip link add internet type bridge
ip addr add 203.0.113.1/24 dev internet
ip link set internet up

mkdir -p /nodes
mount -t tmpfs -o size=60% tmpfs /nodes
exec "$@"
