#!/bin/bash
# In a node: starts a program that goes on, in the node's own control group.
#
#   daemon.sh NAME LOG COMMAND…    the process is in /run/NAME.pid
name=$1 log=$2
shift 2
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  echo $$ >/sys/fs/cgroup/init/cgroup.procs
else
  for group in /sys/fs/cgroup/*/; do echo $$ >"$group/cgroup.procs"; done
fi
setsid bash -c 'echo $$ >"/run/$0.pid"; exec "$@"' "$name" "$@" >>"$log" 2>&1 </dev/null &
