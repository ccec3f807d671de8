import { describe, expect, it } from "vitest";
import { forwardObstacles } from "../../../plugin/netfilter/obstacles.ts";
import { POD, POD6, type Testbed, testbed } from "../snat/testbed.ts";
import { flows } from "./flows.ts";

const named = (bed: Testbed): string[] =>
  forwardObstacles(bed.kernel, () => flows(bed));

/** A native table with a chain at the forward hook, after its head. */
const native = (family: string, body: string, more = ""): string =>
  `nft -f - <<'EOF'
table ${family} filter {
  ${more}
  chain forward {
    type filter hook forward priority filter; policy accept;
    ct state established,related accept
    ct state invalid drop
    ${body}
  }
}
EOF`;

/** What takes the pod's IPv4 packets away, and the name of the chain that is to be said. */
const REJECTING: Record<string, { script: string; chain: string }> = {
  "an inet chain's last rule": {
    script: native("inet", "reject with icmpx type admin-prohibited"),
    chain: "inet filter forward",
  },
  "an ip chain's last rule": {
    script: native("ip", "reject"),
    chain: "ip filter forward",
  },
  "a drop behind accepts of others": {
    script: native(
      "inet",
      "ip saddr 10.77.0.0/16 accept; tcp dport 22 accept; drop",
    ),
    chain: "inet filter forward",
  },
  "a policy": {
    script:
      "nft 'add table inet fw; add chain inet fw chain1 { type filter hook forward priority 10; policy drop; }'",
    chain: "inet fw chain1",
  },
  "an address set": {
    script: native(
      "inet",
      "ip daddr @closed reject",
      "set closed { type ipv4_addr; flags interval; elements = { 10.2.0.0/16 } }",
    ),
    chain: "inet filter forward",
  },
  "a verdict map of devices, and the chain that it leads to": {
    script: native(
      "inet",
      'iifname vmap { "veth-pod" : jump pods, "docker0" : accept }',
      "chain pods { ip daddr 10.0.0.0/8 drop; }",
    ),
    chain: "inet filter forward",
  },
  "firewalld, whose zone's chain is gone to": {
    script: `nft -f - <<'EOF'
table inet firewalld {
  chain filter_FWD_public { meta l4proto { icmp, ipv6-icmp } counter; }
  chain filter_FORWARD_ZONES { iifname "eth0" goto filter_FWD_public; goto filter_FWD_public; }
  chain filter_FORWARD {
    type filter hook forward priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state vmap { invalid : drop }
    jump filter_FORWARD_ZONES
    reject with icmpx admin-prohibited
  }
}
EOF`,
    chain: "inet firewalld filter_FORWARD",
  },
  "the second of two tables": {
    script: `${native("ip", "ip saddr 10.1.0.0/24 accept; ip daddr 10.1.0.0/24 accept")}
      nft 'add table inet late; add chain inet late guard { type filter hook forward priority 300; }
      add rule inet late guard meta nfproto ipv4 oifname "eth0" drop'`,
    chain: "inet late guard",
  },
};

for (const [hook, chain] of [
  ["prerouting", "inet g prerouting"],
  ["postrouting", "inet g postrouting"],
] as const)
  REJECTING[`a rule at the hook ${hook}`] = {
    script: `nft 'add table inet g; add chain inet g ${hook} { type filter hook ${hook} priority -140; }
      add rule inet g ${hook} ip saddr 10.1.0.0/24 ip daddr 10.2.0.0/16 drop'`,
    chain,
  };

for (const backend of ["nft", "legacy"] as const) {
  const iptables = `iptables-${backend}`;
  for (const [table, chain] of [
    ["raw", "PREROUTING"],
    ["mangle", "PREROUTING"],
    ["mangle", "FORWARD"],
    ["mangle", "POSTROUTING"],
    ["security", "FORWARD"],
  ] as const)
    REJECTING[`${table}'s ${chain} of iptables-${backend}`] = {
      script: `${iptables} -t ${table} -A ${chain} -d 10.2.0.0/16 -j DROP`,
      chain: `ip ${table} ${chain}`,
    };
  const chain = `ip filter FORWARD`;
  REJECTING[`the last rule of iptables-${backend}`] = {
    script: `${iptables} -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
      ${iptables} -A FORWARD -j REJECT --reject-with icmp-host-prohibited`,
    chain,
  };
  REJECTING[`the end of ufw's chains in iptables-${backend}`] = {
    script: `for c in before after reject track; do ${iptables} -N ufw-$c-forward; ${iptables} -A FORWARD -j ufw-$c-forward; done
      ${iptables} -A ufw-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
      ${iptables} -A ufw-before-forward -p tcp -m tcp --dport 22 -j ACCEPT
      ${iptables} -A ufw-reject-forward -j REJECT --reject-with icmp-port-unreachable`,
    chain,
  };
  REJECTING[`a device's rule in iptables-${backend}`] = {
    script: `${iptables} -A FORWARD -o eth+ ! -d 10.99.0.0/16 -j DROP`,
    chain,
  };
}

describe("forwardObstacles()", () => {
  it.each(Object.entries(REJECTING))("names %s", (_, { script, chain }) => {
    using bed = testbed();
    expect(bed.seenFromPod()).toEqual([POD]);
    bed.node.shell(script);
    expect(bed.seenFromPod()).toEqual([]);
    bed.apply("auto");
    expect(bed.seenFromPod()).toEqual([]);
    const said = named(bed).filter((text) => text.includes("10.1.0.0/24"));
    expect(said.length).toBeGreaterThan(0);
    for (const text of said) expect(text).toContain(`Chain ${chain} `);
  });

  it.each([
    ["inet", "meta nfproto ipv6 reject"],
    ["ip6", "ip6 saddr fd00::/16 reject"],
  ])("names an %s chain that rejects IPv6", (family, rule) => {
    using bed = testbed();
    bed.node.shell(native(family, rule));
    expect(bed.seenFromPod(6)).toEqual([]);
    expect(bed.seenFromPod()).toEqual([POD]);
    const said = named(bed).join("\n");
    expect(said).toContain(`Chain ${family} filter forward rejects what goes`);
    expect(said).not.toContain("10.1.0.0/24");
  });

  it("says what meets some packets only so", () => {
    using bed = testbed();
    bed.node.shell(
      native("inet", "ip saddr 10.1.0.66 drop; tcp dport 25 drop"),
    );
    const said = named(bed);
    expect(said).not.toEqual([]);
    for (const text of said) expect(text).toContain("some of what goes");
  });

  it("says nothing of chains that let all of them through", () => {
    using bed = testbed();
    bed.node.shell(`${native(
      "inet",
      `ip saddr 203.0.113.0/24 drop
      iifname { "docker0", "virbr0" } drop
      iif "lo" drop
      ip saddr 10.1.0.0/24 ip daddr 10.2.0.0/16 accept
      ip daddr 10.1.0.0/24 accept
      ip6 saddr fd00:1::/64 accept
      ip6 daddr { fd00:1::/64, fd00:9::/64 } accept
      reject`,
    )}
      iptables-nft -P FORWARD DROP
      iptables-nft -N DOCKER-ISOLATION; iptables-nft -A FORWARD -j DOCKER-ISOLATION
      iptables-nft -A DOCKER-ISOLATION ! -i docker0 -o docker0 -j DROP
      iptables-nft -A FORWARD -m conntrack --ctstate INVALID -j DROP
      iptables-nft -N cali-FORWARD; iptables-nft -A FORWARD -j cali-FORWARD
      iptables-nft -A cali-FORWARD -s 10.1.0.66 -j DROP
      iptables-legacy -w -A FORWARD ! -s 127.0.0.0/8 -d 127.0.0.0/8 -j DROP
      iptables-legacy -w -A FORWARD -m mark --mark 0x8000/0x8000 -j DROP
      iptables-nft -t raw -A PREROUTING -d 172.17.0.2/32 ! -i docker0 -j DROP
      iptables-nft -t raw -N cali-PREROUTING; iptables-nft -t raw -A PREROUTING -j cali-PREROUTING
      iptables-nft -t raw -A cali-PREROUTING -m mark --mark 0x40000/0x40000 -m rpfilter --validmark --invert -j DROP
      iptables-legacy -w -t mangle -A PREROUTING -i docker0 -j DROP
      iptables-legacy -w -t mangle -A POSTROUTING -p tcp --dport 25 -d 172.17.0.0/16 -j DROP
      nft -f - <<'EOF'
table inet firewalld {
  chain mangle_PREROUTING { type filter hook prerouting priority mangle + 10; policy accept;
    icmpv6 type { nd-router-advert, nd-neighbor-solicit } accept
    meta nfproto ipv6 fib saddr . mark . iif oif missing drop
  }
}
table ip kube-proxy {
  map firewall-ips { type ipv4_addr . inet_proto . inet_service : verdict; elements = { 203.0.113.9 . tcp . 80 : drop } }
  chain filter-prerouting { type filter hook prerouting priority -110; ct state new ip daddr . meta l4proto . th dport vmap @firewall-ips; }
}
EOF`);
    bed.apply("auto");
    expect(named(bed)).toEqual([]);
    expect(bed.seenFromPod()).toEqual([POD]);
    expect(bed.seenFromPod(6)).toEqual([POD6]);
  });
});
