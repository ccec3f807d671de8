import { expect, it } from "vitest";
import { bypassSite } from "../../support/bypass-site.ts";

/** What else a node may have, none of which lets pods' packets past. */
const NEIGHBOURS = {
  "Calico's interface and chains": `
    for setting in proxy_arp forwarding rp_filter; do echo 1 >/proc/sys/net/ipv4/conf/pod0/$setting; done
    iptables-nft -t nat -N cali-POSTROUTING; iptables-nft -t nat -N cali-nat-outgoing
    iptables-nft -t nat -A cali-nat-outgoing -s 10.0.0.0/24 ! -d 10.0.0.0/24 -j MASQUERADE
    iptables-nft -t nat -A cali-POSTROUTING -j cali-nat-outgoing
    iptables-nft -t nat -I POSTROUTING -j cali-POSTROUTING
    iptables-nft -N cali-FORWARD; iptables-nft -I FORWARD -j cali-FORWARD`,
  "kube-proxy's nftables": `
    nft add table ip kube-proxy
    nft 'add chain ip kube-proxy nat-postrouting { type nat hook postrouting priority srcnat; }'
    nft 'add rule ip kube-proxy nat-postrouting meta mark & 0x4000 == 0x4000 masquerade fully-random'`,
  "a VPN of other networks, by policies of a better priority": `
    for way in 'src 172.17.1.2/32 dst 192.168.0.0/16 dir out' 'src 192.168.0.0/16 dst 172.17.1.2/32 dir in' \\
      'src 10.0.0.0/24 dst 192.168.0.0/16 dir out' 'src 192.168.0.0/16 dst 10.0.0.0/24 dir fwd'; do
      ip xfrm policy add $way priority 375423 tmpl src 172.17.1.2 dst 203.0.113.9 proto esp reqid 1 mode tunnel
      ip xfrm policy update $way priority 1000 tmpl src 172.17.1.2 dst 203.0.113.9 proto esp reqid 1 mode tunnel
    done
    ip xfrm policy add src 172.17.1.0/24 dst 172.17.1.0/24 dir out priority 175423`,
  "a traffic shaper at the uplink": `
    tc qdisc replace dev eth1 root tbf rate 1gbit burst 1mb latency 25ms
    tc qdisc add dev eth1 clsact`,
};

it.each(Object.entries(NEIGHBOURS))("%s is no bypass", (_, script) => {
  using site = bypassSite();
  site.node.shell(script);
  expect(site.bypasses()).toEqual([]);
  expect(site.status().answer?.["code"]).not.toBe(51);
  expect(site.leaked()).toBe(0);
});
