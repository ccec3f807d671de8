import { join } from "node:path";
import { type Base, publishedConflist } from "./base.ts";

const CIDR = "10.7.0.0/24";

/** What ip-masq-agent does every 60 s: its chain is emptied and filled again. */
export const rewriteMasquerade = `
  iptables-restore --noflush <<'END'
*nat
:IP-MASQ-AGENT - [0:0]
-A IP-MASQ-AGENT -d ${CIDR} -m comment --comment "ip-masq-agent: local traffic is not subject to MASQUERADE" -j RETURN
-A IP-MASQ-AGENT -d 172.17.0.0/16 -m comment --comment "ip-masq-agent: local traffic is not subject to MASQUERADE" -j RETURN
-A IP-MASQ-AGENT -d 169.254.0.0/16 -m comment --comment "ip-masq-agent: local traffic is not subject to MASQUERADE" -j RETURN
-A IP-MASQ-AGENT -m comment --comment "ip-masq-agent: outbound traffic is subject to MASQUERADE (must be last in chain)" -j MASQUERADE
COMMIT
END`;

/** Tencent's GlobalRouter: its agent's bridge, rule and sysctl, and ip-masq-agent beside it. */
export const globalrouter: Base = {
  name: "globalrouter",
  podCidr: CIDR,
  discovered: { cni: "globalrouter", origin: "bridge cbr0" },
  conflist: (node) =>
    publishedConflist("globalrouter", node, (base) => ({
      ipam: {
        ...(base["ipam"] as object),
        dataDir: join(node.folder, "host-local"),
        subnet: CIDR,
        gateway: "10.7.0.1",
      },
    })),
  prepare: `
  [ -e /proc/sys/net/bridge ] || modprobe br_netfilter
  echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables
  ip rule add to ${CIDR} lookup main pref 1024
  ${rewriteMasquerade}
  iptables -t nat -A POSTROUTING -m comment --comment "ip-masq-agent: ensure nat POSTROUTING directs all non-LOCAL destination traffic to our custom IP-MASQ-AGENT chain" -m addrtype ! --dst-type LOCAL -j IP-MASQ-AGENT`,
};
