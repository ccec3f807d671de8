import { addressInCidr } from "../../../ip/cidr.ts";
import { formatAddress } from "../../../native/index.ts";
import type { Bypass, BypassFacts } from "../bypass.ts";
import { few } from "../devices.ts";

/**
 * IPVS routes by itself, without xfrm; its packets are looked up among the policies again only where connection tracking sees that it
 * changed their address (ip_vs_nat_send_or_cont() in net/netfilter/ipvs/ip_vs_xmit.c, nf_xfrm_me_harder() in net/netfilter/nf_nat_core.c).
 */
export function ipvsWithoutConntrack({ ipvs, remotes }: BypassFacts): Bypass[] {
  if (ipvs === undefined || ipvs.conntrack) return [];
  const far = ipvs.servers.filter((server) =>
    remotes.some((remote) => addressInCidr(server, remote)),
  );
  // A server is of several services: kube-proxy makes one of a ClusterIP, and one of each NodePort.
  const addresses = [...new Set(far.map(formatAddress))];
  const effect =
    far.length > 0
      ? `what it sends to its servers ${few(addresses)} passes xfrm in clear text`
      : "what it would send to a server in a remote CIDR would pass xfrm in clear text";
  return [
    {
      kind: "ipvs",
      severity: far.length > 0 ? "open" : "weak",
      sentence: `IPVS has services while the sysctl net.ipv4.vs.conntrack is 0: ${effect}. \`sysctl -w net.ipv4.vs.conntrack=1\`, as kube-proxy sets it, ends that`,
    },
  ];
}
