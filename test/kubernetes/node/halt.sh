#!/bin/bash
# Takes a node's processes, namespaces and kernel state away, as a power cut does.
#
#   halt.sh NAME LEADER
set -eu
name=$1 leader=$2
. "$(dirname "$(realpath "$0")")/groups.sh"
kill -KILL "$leader"
while [ -e "/proc/$leader" ]; do sleep 0.1; done
ip netns delete "$name"
# Its end of the cable goes with its namespace, which goes with its last process.
while ip link show "v-$name" >/dev/null 2>&1; do sleep 0.1; done
remove_group "$name"
