#!/bin/bash
# PID 1 of a guest once it sees the host's files (see init.sh): loads modules, says that it is ready, and takes scenes
# until the host is gone. Each virtio port "lane…" takes one scene at a time:
#
#   NAME SECONDS          asks for one: the command is in $folder/NAME, its words separated by NUL (see room.sh)
#   …                     is what it writes, to stdout and stderr, in the order it comes
#   [end NAME STATUS]     ends that; 137 where it took more than SECONDS
set -u
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
here=${BASH_SOURCE%/*}

own_network=(--net)
[ -z "${network:-}" ] || own_network=()

serve() {
  local name seconds
  exec 3<>"$1"
  while read -r name seconds <&3; do
    # Whatever a scene leaves behind ends with its namespaces.
    timeout --signal=KILL "$seconds" \
      unshare --mount "${own_network[@]}" --pid --ipc --uts --fork --kill-child \
      bash "$here/room.sh" /guest/host "$folder/$name" </dev/null >&3 2>&3 3>&-
    printf '[end %s %s]\n' "$name" "$?" >&3
  done
}

stty -opost
mount -t tmpfs tmpfs /run
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
# As udev makes them: nft 1.0.9 opens /dev/stdin.
ln -s /proc/self/fd /dev/fd
for number in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${number%:*}" "/dev/${number#*:}"; done
# By one program, which tells of each that it cannot load.
mapfile -t modules <"$folder/modules"
[ ${#modules[@]} -eq 0 ] || modprobe --all "${modules[@]}" || echo "worker.sh: cannot load all kernel modules" >&2
for port in /sys/class/virtio-ports/*; do serve "/dev/${port##*/}" & done
echo "[ready]"
wait
echo o >/proc/sysrq-trigger
sleep 60
