import { describe, expect, it } from "vitest";
import type { SnatMode } from "../../../plugin/netfilter/snat.ts";
import { POD, REMOTE, testbed } from "./testbed.ts";

const NODE = "172.16.0.1";

/** Who masquerades, and whether RETURN alone can win against it. */
const MASQUERADERS: Record<string, { script: string; returnWins: boolean }> = {
  "a masquerade rule of iptables-nft": {
    script: "iptables-nft -t nat -A POSTROUTING -s 10.1.0.0/24 -j MASQUERADE",
    returnWins: true,
  },
  "a masquerade rule of legacy iptables": {
    script:
      "iptables-legacy -w -t nat -A POSTROUTING -s 10.1.0.0/24 -j MASQUERADE",
    returnWins: true,
  },
  "masquerade rules in both backends": {
    script: `iptables-nft -t nat -A POSTROUTING -s 10.1.0.0/24 -j MASQUERADE
      iptables-legacy -w -t nat -A POSTROUTING -s 10.1.0.0/24 -j MASQUERADE`,
    returnWins: true,
  },
  "flannel's chain, in iptables-nft": {
    script: `iptables-nft -t nat -N FLANNEL-POSTRTG
      iptables-nft -t nat -A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment "flanneld masq" -j RETURN
      iptables-nft -t nat -A FLANNEL-POSTRTG -s 10.1.0.0/24 -d 10.1.0.0/16 -j RETURN
      iptables-nft -t nat -A FLANNEL-POSTRTG -s 10.1.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
      iptables-nft -t nat -A FLANNEL-POSTRTG ! -s 10.1.0.0/16 -d 10.1.0.0/16 -j MASQUERADE --random-fully
      iptables-nft -t nat -A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG`,
    returnWins: true,
  },
  "a native masquerade in nftables": {
    script: `nft add table ip flannel-ipv4
      nft 'add chain ip flannel-ipv4 postrtg { type nat hook postrouting priority srcnat; }'
      nft add rule ip flannel-ipv4 postrtg ip saddr 10.1.0.0/24 masquerade`,
    returnWins: false,
  },
  "Calico's nftables mode, at priority 110": {
    script: `nft add table ip calico
      nft 'add chain ip calico nat-POSTROUTING { type nat hook postrouting priority 110; }'
      nft add rule ip calico nat-POSTROUTING ip saddr 10.1.0.0/24 masquerade`,
    returnWins: false,
  },
};

const MODES: readonly SnatMode[] = ["return", "identity", "auto"];

describe.each(Object.entries(MASQUERADERS))("against %s", (_, masquerader) => {
  it.each(MODES)('"%s" keeps the pod\'s address where it can', (mode) => {
    using bed = testbed();
    bed.node.shell(masquerader.script);
    expect(bed.seenFromPod()).toEqual([NODE]);

    const wins = mode !== "return" || masquerader.returnWins;
    bed.apply(mode);
    expect(bed.seenFromPod()).toEqual([wins ? POD : NODE]);
    expect(bed.seenFromRemote()).toEqual([REMOTE]);
    expect(bed.apply(mode)).toEqual([]);

    // The way to everywhere else is as before.
    bed.node.shell("ip route add 10.99.0.0/16 via 172.16.0.2");
    bed.remote.shell("ip addr add 10.99.0.1/32 dev lo");
    expect(pingElsewhere(bed)).toEqual([NODE]);

    bed.apply("off");
    expect(bed.node.exec("nft", "list", "tables")).not.toContain("crosslink");
    expect(bed.seenFromPod()).toEqual([NODE]);
  });
});

it('"off" leaves no trace where nothing was', () => {
  using bed = testbed();
  expect(bed.apply("off")).toEqual([]);
  expect(bed.node.exec("nft", "list", "ruleset")).toBe("");
  expect(bed.node.exec("cat", "/proc/net/ip_tables_names")).toBe("");
});

function pingElsewhere(bed: ReturnType<typeof testbed>): string[] {
  bed.remote.shell("nft flush set inet watch seen4");
  bed.pod.try("ping", "-c1", "-W1", "10.99.0.1");
  const text = bed.remote.exec("nft", "list", "set", "inet", "watch", "seen4");
  return [...text.matchAll(/\d+\.\d+\.\d+\.\d+/g)].map(([address]) => address);
}
