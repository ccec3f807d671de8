#!/bin/bash
# Records the netlink requests that a tool of the kernel's own people sends, as golden bytes for our encoders.
#
#   test/golden/capture.sh NAME COMMAND [ARGUMENT…]        writes test/golden/NAME.txt
#   SETUP='ip link add d0 type veth' test/golden/capture.sh route/route-add ip route add …
#
# COMMAND runs in a fresh network namespace, after SETUP. That the kernel refuses what is asked does not matter (this one
# may lack ESP): the bytes were sent all the same. Needs root, strace and unshare.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
name=$1
shift
trace=$(mktemp)
trap 'rm -f "$trace"' EXIT

version() {
  case $(basename "$1") in
    ip | bridge | tc) "$1" -V ;;
    *) "$1" --version ;;
  esac 2>&1 | head -n 1
}

# shellcheck disable=SC2016 # the inner shell expands these
SETUP=${SETUP:-} TRACE=$trace unshare --net bash -c '
  eval "$SETUP" || exit
  strace -o "$TRACE" -e trace=sendmsg,sendto -e write=all -s 0 "$@" >/dev/null || echo "(exit code $?, recorded all the same)" >&2
' capture "$@"

mkdir -p "$(dirname "$here/$name")"
{
  echo "# $*"
  echo "# $(version "$1")"
  [ -z "${SETUP:-}" ] || echo "# after: ${SETUP//$'\n'/; }"
  "$here/../../node_modules/.bin/node" "$here/decode.ts" <"$trace"
} >"$here/$name.txt"
echo "$here/$name.txt"
