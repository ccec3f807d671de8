import { join } from "node:path";
import { type Base, publishedConflist } from "./base.ts";

/** The cluster's pod network; the node's lease is the second /24 of it. */
const NETWORK = "10.244.0.0/16";
const LEASE = "10.244.1.0/24";

/** What flanneld writes when it has a lease; the plugin and crosslink both read it. */
const subnetFile = `
  mkdir -p /run/flannel
  printf '%s\\n' FLANNEL_NETWORK=${NETWORK} FLANNEL_SUBNET=10.244.1.1/24 FLANNEL_MTU=1450 FLANNEL_IPMASQ=true \\
    >/run/flannel/subnet.env`;

const iptablesRules = `
  iptables-restore --noflush <<'END'
*nat
:FLANNEL-POSTRTG - [0:0]
-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s ${LEASE} -d ${NETWORK} -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s ${NETWORK} -d ${LEASE} -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG ! -s ${NETWORK} -d ${LEASE} -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s ${NETWORK} ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
-A FLANNEL-POSTRTG ! -s ${NETWORK} -d ${NETWORK} -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
COMMIT
*filter
:FLANNEL-FWD - [0:0]
-A FLANNEL-FWD -s ${NETWORK} -m comment --comment "flanneld forward" -j ACCEPT
-A FLANNEL-FWD -d ${NETWORK} -m comment --comment "flanneld forward" -j ACCEPT
-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
COMMIT
END`;

/** The same in nf_tables, as with EnableNFTables (pkg/trafficmngr/nftables): tables of its own, hooked at srcnat. */
const nftablesRules = `
  nft -f - <<'END'
table ip flannel-ipv4 {
  chain forward {
    type filter hook forward priority filter; policy accept;
    ip saddr ${NETWORK} accept
    ip daddr ${NETWORK} accept
  }
  chain postrtg {
    comment "chain to manage traffic masquerading by flannel"
    type nat hook postrouting priority srcnat; policy accept;
    meta mark & 0x4000 == 0x4000 return
    ip saddr ${LEASE} ip daddr ${NETWORK} return
    ip saddr ${NETWORK} ip daddr ${LEASE} return
    ip saddr != ${NETWORK} ip daddr ${LEASE} return
    ip saddr ${NETWORK} ip daddr != 224.0.0.0/4 masquerade fully-random
    ip saddr != ${NETWORK} ip daddr ${NETWORK} masquerade fully-random
  }
}
END`;

/** flannel with its rules in iptables, as flanneld 0.26 writes them (pkg/trafficmngr/iptables/iptables.go). */
export const flannel: Base = {
  name: "flannel",
  podCidr: LEASE,
  discovered: { cni: "flannel", origin: "flannel's /run/flannel/subnet.env" },
  conflist: (node) =>
    publishedConflist("flannel", node, () => ({
      // Options of the real plugin, which keep its files off this machine's own.
      dataDir: join(node.folder, "flannel"),
      ipam: { dataDir: join(node.folder, "host-local") },
    })),
  prepare: `${subnetFile}\n${iptablesRules}`,
  machineFolder: "/run/flannel",
  replay: {
    type: "flannel",
    command: () =>
      `${process.execPath} ${join(import.meta.dirname, "replay/flannel.ts")}`,
  },
};

/** flannel with its rules in nf_tables. */
export const flannelInNftables: Base = {
  ...flannel,
  prepare: `${subnetFile}\n${nftablesRules}`,
};
