#!/bin/busybox sh
# PID 1 of a QEMU guest while it has only its initial RAM disk: mounts the host's files under an overlay in memory, and
# goes on with $init_script in there. The kernel's command line sets that, $exchange and $seconds.
set -e
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
$b mount -t devtmpfs devtmpfs /dev
while read -r module; do $b insmod "/modules/$module"; done </modules/order
$b mount -t virtiofs host /host
$b mount -t tmpfs -o size=75% tmpfs /memory
$b mkdir /memory/upper /memory/work
$b mount -t overlay -o lowerdir=/host,upperdir=/memory/upper,workdir=/memory/work overlay /root
$b mount --bind "/host$exchange" "/root$exchange"
for folder in dev proc sys; do $b mount --move "/$folder" "/root/$folder"; done
exec $b switch_root /root /bin/bash "$init_script"
