#!/bin/busybox sh
# PID 1 of a guest while it has only its initial RAM disk: mounts the host's files under an overlay in memory, so that
# the guest may write anywhere and the host's disk never changes, and goes on with $worker in there. The kernel's command
# line sets that, and $folder for it.
set -e
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
$b mount -t devtmpfs devtmpfs /dev
while read -r module; do $b insmod "/modules/$module"; done </modules/order
$b mount -t virtiofs host /host
$b mount -t tmpfs -o size=25% tmpfs /memory
$b mkdir /memory/upper /memory/work
$b mount -t overlay -o lowerdir=/host,upperdir=/memory/upper,workdir=/memory/work overlay /root
$b mkdir -p /root/guest/host /root/guest/scene
$b mount --move /host /root/guest/host
for mounted in dev proc sys; do $b mount --move "/$mounted" "/root/$mounted"; done
exec $b switch_root /root /bin/bash "$worker"
