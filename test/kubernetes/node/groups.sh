# Control groups of a node, whichever version this kernel has them mounted in. Sourced.

# Not to be asked in a node, until it has mounted its own: where `ip netns exec` has been, /sys is a new one.
is_version_2() { [ -e /sys/fs/cgroup/cgroup.controllers ]; }

# The shell that calls it is in the node's group then, and what it starts.
enter_group() {
  local group
  if is_version_2; then
    mkdir -p "/sys/fs/cgroup/$1"
    echo "$BASHPID" >"/sys/fs/cgroup/$1/cgroup.procs"
    return
  fi
  for group in /sys/fs/cgroup/*/; do
    mkdir -p "$group/crosslink-test/$1"
    if [ -e "$group/cpuset.cpus" ]; then
      for each in crosslink-test "crosslink-test/$1"; do
        cat "$group/cpuset.cpus" >"$group/$each/cpuset.cpus"
        cat "$group/cpuset.mems" >"$group/$each/cpuset.mems"
      done
    fi
    echo "$BASHPID" >"$group/crosslink-test/$1/cgroup.procs"
  done
}

# Of a node whose processes have gone: where its group gives controllers on, no process could enter it again.
remove_group() {
  is_version_2 || return 0
  while [ -e "/sys/fs/cgroup/$1" ]; do
    find "/sys/fs/cgroup/$1" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.1
  done
}

# In a node, whose group is the root that it sees: mounts it.
mount_groups() {
  local version=$1 number names
  if [ "$version" = 2 ]; then
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    return
  fi
  mount -t tmpfs tmpfs /sys/fs/cgroup
  while IFS=: read -r number names _; do
    case $names in
    "") continue ;; # version 2, without controllers here
    name=*) mkdir "/sys/fs/cgroup/${names#name=}" && mount -t cgroup -o "none,$names" cgroup "/sys/fs/cgroup/${names#name=}" ;;
    *) mkdir "/sys/fs/cgroup/$names" && mount -t cgroup -o "$names" cgroup "/sys/fs/cgroup/$names" ;;
    esac
  done </proc/self/cgroup
}
