#!/bin/bash
# PID 1 of a node. Bash, because it has to reap those whose parents have gone.
#
#   init.sh NAME VERSION   VERSION: of control groups
set -eu
disk=/nodes/$1 version=$2
. "$(dirname "$(realpath "$0")")/groups.sh"
hostname "$1"
mount --make-rprivate /
# Files of its own.
for folder in /var/lib/containerd /var/lib/kubelet /var/lib/cni /var/lib/crosslink /var/lib/calico /var/log \
  /etc/cni /etc/crosslink /opt/cni/bin; do
  mkdir -p "$folder" "$disk$folder"
  mount --bind "$disk$folder" "$folder"
done
mount -t tmpfs tmpfs /run
mkdir -p /run/netns /run/lock /run/containerd /run/flannel /var/log/pods /var/log/calico /etc/cni/net.d \
  /etc/crosslink/clusters.d
umount -R /sys 2>/dev/null || umount -l /sys
mount -t sysfs sysfs /sys
mount_groups $version
if [ $version = 2 ]; then
  mkdir -p /sys/fs/cgroup/init
  echo 1 >/sys/fs/cgroup/init/cgroup.procs
  echo 1 >"$disk/unshared"
  # 0 is a process of outside: the one that started this.
  while grep -qx 0 /sys/fs/cgroup/cgroup.procs; do sleep 0.1; done
  for process in $(cat /sys/fs/cgroup/cgroup.procs); do
    echo "$process" >/sys/fs/cgroup/init/cgroup.procs 2>/dev/null || true
  done
  for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
    echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control || echo "no controller $controller"
  done
fi
sysctl -qw net.ipv4.ip_forward=1
# As kubelets want to find it.
mount --make-rshared /
touch "$disk/ready"
while true; do
  sleep infinity &
  wait $! || true
done
