#!/bin/bash
# In the guest: the internet that the clusters' nodes share, control groups for them, and then the conductor.
#
#   guest.sh COMMAND…
set -eu

# QEMU's user network: 10.0.2.2 is the host's loopback, where the API servers are.
device=$(ip -o link | awk -F': ' '$2 ~ /^e/ { print $2; exit }')
ip link set "$device" up
ip addr add 10.0.2.15/24 dev "$device"
ip route add default via 10.0.2.2
sysctl -qw net.ipv4.ip_forward=1

ip link add internet type bridge
ip addr add 203.0.113.1/24 dev internet
ip link set internet up
iptables -t nat -A POSTROUTING -s 203.0.113.0/24 -d 10.0.2.0/24 -j MASQUERADE

# Nodes' files. Not on the guest's overlay, on which containerd's cannot lie.
mkdir -p /nodes
mount -t tmpfs -o size=60% tmpfs /nodes

mountpoint -q /sys/fs/cgroup || mount -t cgroup2 cgroup2 /sys/fs/cgroup
for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
  echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control
done
mkdir -p /sys/fs/cgroup/outer
exec "$@"
