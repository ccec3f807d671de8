# What a guest does once it sees the host's files, whatever emulates it; read by its PID 1. $exchange: see uml-init.sh.

# By one program, which tells of each that it cannot load.
load_modules() {
  local modules
  mapfile -t modules <"$exchange/modules"
  modprobe --all "${modules[@]}" || echo "${0##*/}: cannot load all kernel modules" >&2
}

run_command() {
  local command status=0
  mapfile -d '' -t command <"$exchange/command"
  echo "[start $exchange]"
  env --ignore-environment "${command[@]}" </dev/null || status=$?
  echo "$status" >"$exchange/status"
  echo "[end $exchange]"
}
