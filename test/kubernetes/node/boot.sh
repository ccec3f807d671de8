#!/bin/bash
# Starts a node, which is a set of namespaces with a kernel state and processes of its own; prints the process that is
# its PID 1.
#
#   boot.sh NAME ADDRESS
set -eu
name=$1 address=$2
here=$(dirname "$(realpath "$0")")

ip netns add "$name"
ip -n "$name" link set lo up
ip -n "$name" link add eth0 type veth peer name "v-$name" netns "$$"
ip link set "v-$name" master internet up
ip -n "$name" addr add "$address/24" dev eth0
ip -n "$name" link set eth0 up
ip -n "$name" route add default via 203.0.113.1

mkdir -p "/nodes/$name"/{run,log}
rm -f "/nodes/$name/ready"
. "$here/groups.sh"
version=1
if is_version_2; then version=2; fi
(
  enter_group "$name"
  exec ip netns exec "$name" unshare --mount --uts --pid --ipc --cgroup --fork --kill-child --mount-proc \
    bash "$here/init.sh" "$name" $version
) >"/nodes/$name/log/init" 2>&1 </dev/null &
starter=$!
for ((i = 0; i < 200; i++)); do
  # The group that its processes are moved out of must be empty, before controllers can be enabled in it.
  [ -s "/nodes/$name/unshared" ] && echo "$starter" >/sys/fs/cgroup/outer/cgroup.procs && rm "/nodes/$name/unshared"
  [ -e "/nodes/$name/ready" ] && exec pgrep -P "$starter"
  sleep 0.1
done
cat "/nodes/$name/log/init" >&2
exit 1
