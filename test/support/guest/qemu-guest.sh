#!/bin/bash
# PID 1 of a QEMU guest once it sees the host's files (see qemu-init.sh, and uml-init.sh for $exchange's files).
set -eu
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
. "${BASH_SOURCE%/*}/guest.sh"

finish() {
  echo o >/proc/sysrq-trigger
  sleep 60
}

stty -opost
(
  sleep "$seconds"
  echo "qemu-guest.sh: the $seconds s are over"
  finish
) &
mount -t tmpfs tmpfs /run
mkdir -p /run/netns /run/lock /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
load_modules
ip link set lo up
run_command
finish
