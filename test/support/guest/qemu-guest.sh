#!/bin/bash
# PID 1 of a QEMU guest once it sees the host's files (see qemu-init.sh, and uml-init.sh for $exchange's files).
set -eu
export PATH=/usr/sbin:/usr/bin:/sbin:/bin

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
mapfile -t modules <"$exchange/modules"
modprobe --all "${modules[@]}" || echo "qemu-guest.sh: cannot load all kernel modules" >&2
ip link set lo up

mapfile -d '' -t command <"$exchange/command"
echo "[start $exchange]"
status=0
env --ignore-environment "${command[@]}" </dev/null || status=$?
echo "$status" >"$exchange/status"
echo "[end $exchange]"
finish
