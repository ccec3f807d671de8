#!/bin/bash
# What Calico's CNI plugin does, which Debian does not carry (projectcalico/calico: cni-plugin/pkg/dataplane/linux): a
# routed veth pair, one address, and a gateway that is nowhere and answers by proxy-ARP.
#
#   calico.sh STORE PREFIX FIRST    STORE: a folder for what is taken; PREFIX and FIRST: the node's block, such as
#                                   10.5.0 and 64
#
# Calico is upgraded between the node's first pod and the others: up to 3.30 the result lists only the host's device.
set -eu
store=$1 prefix=$2 first=$3
id=${CNI_CONTAINERID//[^a-z0-9]/}
host=cali${id:0:11}
mkdir -p "$store"

# An address is taken by the file of its name, which holds who took it.
take_address() {
  for ((last = first; ; last++)); do
    if (set -C && echo "$CNI_CONTAINERID" >"$store/$last") 2>/dev/null; then return; fi
  done
}

add() {
  take_address
  local address=$prefix.$last
  nsenter --net="$CNI_NETNS" ip -batch - <<END
link add $CNI_IFNAME type veth peer name $host netns $$
link set $CNI_IFNAME up
route add 169.254.1.1 dev $CNI_IFNAME scope link
route add default via 169.254.1.1 dev $CNI_IFNAME
address add $address/32 dev $CNI_IFNAME scope global
END
  ip -batch - <<END
link set $host address ee:ee:ee:ee:ee:ee
link set $host up
route add $address dev $host scope link
END
  for setting in proxy_arp forwarding rp_filter; do echo 1 >"/proc/sys/net/ipv4/conf/$host/$setting"; done
  echo 0 >"/proc/sys/net/ipv4/neigh/$host/proxy_delay"
  result "$address"
}

result() {
  local version inside= interface=
  [[ $(cat) =~ \"cniVersion\":\"([0-9.]+)\" ]] && version=${BASH_REMATCH[1]}
  if ((last > first)); then
    inside=",{\"name\":\"$CNI_IFNAME\",\"sandbox\":\"$CNI_NETNS\"}"
    interface='"interface":1,'
  fi
  echo "{\"cniVersion\":\"$version\",\"interfaces\":[{\"name\":\"$host\"}$inside],
    \"ips\":[{\"version\":\"4\",$interface\"address\":\"$1/32\"}],\"dns\":{}}"
}

del() {
  ip link delete "$host" 2>/dev/null || true
  grep -lx "$CNI_CONTAINERID" "$store"/* | xargs -r rm
}

case $CNI_COMMAND in
  ADD) add ;;
  DEL) del ;;
  CHECK) echo OK ;; # so does Calico's
esac
