#!/bin/bash
# PID 1 of a scene, in namespaces of its own (mount, network, process, IPC and host name): gives it files, a /run
# and a memory of fences of its own, and runs its command.
#
#   room.sh FILES COMMAND   FILES: below which the files lie that it sees under an overlay in memory; empty where it uses
#                           those that are there. COMMAND: a file of words separated by NUL: assignments, then the
#                           program, as env(1) has them
set -eu
files=$1 command_file=$2

overlay_root() {
  mount -t tmpfs -o size=50% tmpfs /guest/scene
  cd /guest/scene
  mkdir upper work root
  mount -t overlay -o "lowerdir=$files,upperdir=upper,workdir=work" overlay root
  mount --rbind /dev root/dev
  mkdir -p root/mnt
  cd root
  pivot_root . mnt
  umount --lazy /mnt
}

[ -z "$files" ] || overlay_root
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /dev/shm
mkdir /run/netns /run/lock
# What this machine's nodes remember would fence the scene's: to a guest they are from before a reboot.
mkdir -p /var/lib/crosslink
mount -t tmpfs -o mode=700 tmpfs /var/lib/crosslink
# As `ip netns` wants it.
mount --make-rshared /
ip link set lo up
mapfile -d '' -t command <"$command_file"
env --ignore-environment "${command[@]}"
