#!/bin/bash
# PID 1 of a User Mode Linux guest (see uml.ts). Its root is the host's, seen through an overlay
# whose upper half lies in memory: the guest may write anywhere, and the host's disk never changes.
#
# The kernel's command line sets $seconds, after which the guest halts whatever it does (even where nobody on the host is
# left to end it), and $exchange, a folder of the host that the guest may write, with
#   command   words separated by NUL: environment assignments, then the command, as env(1) has them
#   modules   kernel modules to load, one a line
#   status    written here: the command's exit status
set -eu
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
. "${BASH_SOURCE%/*}/guest.sh"

overlay_root() {
  mount -t tmpfs -o size=75% tmpfs /run
  mkdir /run/upper /run/work /run/root
  insmod "/usr/lib/uml/modules/$(uname -r)/kernel/fs/overlayfs/overlay.ko"
  mount -t overlay -o lowerdir=/,upperdir=/run/upper,workdir=/run/work overlay /run/root
  mount --move /dev /run/root/dev
  mkdir -p /run/root/lib/modules /run/root/mnt
  mount --bind /usr/lib/uml/modules /run/root/lib/modules
  cd /run/root
  pivot_root . mnt
  umount --lazy /mnt
}

# /tmp stays the host's as the overlay shows it: the repository itself may lie there.
mount_the_rest() {
  mount -t proc proc /proc
  mount -t sysfs sysfs /sys
  mount -t tmpfs tmpfs /run
  mkdir -p /run/netns /run/lock /dev/pts /dev/shm "$exchange"
  mount -t devpts devpts /dev/pts
  mount -t tmpfs tmpfs /dev/shm
  mount -t hostfs -o "$exchange" exchange "$exchange"
}

stty -opost
(
  sleep "$seconds"
  echo "uml-init.sh: the $seconds s are over"
  halt -f
) &
overlay_root
mount_the_rest
load_modules
ip link set lo up
run_command
halt -f
