import { join } from "node:path";
import { type Base, publishedConflist } from "./base.ts";

const PREFIX = "10.5.0";
const POOL = `${PREFIX}.0/24`;
const BLOCK = `${PREFIX}.64/26`;
const HOOK = `POSTROUTING -m comment --comment "cali:O3lYWMrLQYEMJtB5" -j cali-POSTROUTING`;

/** Felix's part: the block's route, the pools' sets, and masquerade behind a hook that comes first. */
const blockRoute = `ip route add blackhole ${BLOCK} proto 80`;
const iptablesRules = `
  ipset restore <<'END'
create cali40masq-ipam-pools hash:net
create cali40all-ipam-pools hash:net
add cali40masq-ipam-pools ${POOL}
add cali40all-ipam-pools ${POOL}
END
  iptables-restore --noflush <<'END'
*nat
:cali-POSTROUTING - [0:0]
:cali-fip-snat - [0:0]
:cali-nat-outgoing - [0:0]
-A cali-POSTROUTING -m comment --comment "cali:Z-c7XtVd2Bq7s_hA" -j cali-fip-snat
-A cali-POSTROUTING -m comment --comment "cali:nYKhEzDlr11Jccal" -j cali-nat-outgoing
-A cali-nat-outgoing -m comment --comment "cali:flqWnvo8yq4ULQLa" -m set --match-set cali40masq-ipam-pools src -m set ! --match-set cali40all-ipam-pools dst -j MASQUERADE --random-fully
-I ${HOOK}
COMMIT
END`;

/** The same with NFTablesMode: a table of its own, whose chain is asked after srcnat. */
const nftablesRules = `
  nft -f - <<'END'
table ip calico {
  set cali40masq-ipam-pools { type ipv4_addr; flags interval; elements = { ${POOL} }; }
  set cali40all-ipam-pools { type ipv4_addr; flags interval; elements = { ${POOL} }; }
  chain nat-cali-nat-outgoing {
    ip saddr @cali40masq-ipam-pools ip daddr != @cali40all-ipam-pools masquerade fully-random
  }
  chain nat-POSTROUTING {
    type nat hook postrouting priority srcnat + 10; policy accept;
    jump nat-cali-nat-outgoing
  }
}
END`;

/** Calico with nothing declared for remote networks: its masquerade would take what goes there. */
export const calico: Base = {
  name: "calico",
  podCidr: BLOCK,
  discovered: { cni: "calico", origin: "calico's blackhole route" },
  conflist: (node) =>
    publishedConflist("calico", node, () => ({ nodename: node.name })),
  prepare: `${blockRoute}\n${iptablesRules}`,
  replay: {
    type: "calico",
    command: (folder) =>
      `${join(import.meta.dirname, "replay/calico.sh")} ${folder}/calico ${PREFIX} 64`,
  },
};

/** Calico with its rules in nf_tables. */
export const calicoInNftables: Base = {
  ...calico,
  prepare: `${blockRoute}\n${nftablesRules}`,
};

/** Felix finds that its hook is not the first rule any more, and mends that. */
export const reassertHook = `
  iptables -t nat -D ${HOOK}
  iptables -t nat -I ${HOOK}`;

/** What Felix does with an IPPool that is disabled and has natOutgoing false. */
export function declarePools(cidrs: readonly string[]): string {
  return cidrs
    .map((cidr) => `ipset add cali40all-ipam-pools ${cidr}`)
    .join("\n");
}
