import { describe, expect, it } from "vitest";
import {
  PAIRS,
  pairs,
  POD,
  POD6,
  REMOTE,
  REMOTE6,
  testbed,
} from "./testbed.ts";

const NATIVE = `nft -f - <<'EOF'
  table inet other {
    chain postrouting { type nat hook postrouting priority srcnat; oifname { "eth0", "veth-pod" } masquerade; }
  }
EOF`;

describe("identity SNAT", () => {
  it("keeps addresses both ways, in both families, against a masquerade of everything", () => {
    using bed = testbed();
    bed.node.shell(NATIVE);
    bed.apply("identity");
    expect(bed.seenFromPod(4)).toEqual([POD]);
    expect(bed.seenFromPod(6)).toEqual([POD6]);
    expect(bed.seenFromRemote(4)).toEqual([REMOTE]);
    expect(bed.seenFromRemote(6)).toEqual([REMOTE6]);
  });

  it("is one rule a direction, whatever the number of networks, with our comment", () => {
    using bed = testbed();
    const many = pairs(
      ...Array.from(
        { length: 300 },
        (_, index) =>
          ["10.1.0.0/24", `20.${index >> 6}.${(index & 63) * 4}.0/22`] as const,
      ),
    );
    bed.apply("identity", [...PAIRS, ...many]);
    const listed = bed.node.exec(
      "nft",
      "list",
      "chain",
      "ip",
      "crosslink",
      "postrouting",
    );
    expect(listed).toContain(
      "type nat hook postrouting priority srcnat - 10; policy accept;",
    );
    const rules = listed.split("\n").filter((line) => line.includes("snat to"));
    expect(
      rules.map((rule) => rule.trim().replace(/packets \d+ bytes \d+/, "…")),
    ).toEqual([
      'ip saddr @local ip daddr @remote meta mark & 0x00004000 != 0x00004000 counter … snat to ip saddr comment "crosslink"',
      'ip saddr @remote ip daddr @local meta mark & 0x00004000 != 0x00004000 counter … snat to ip saddr comment "crosslink"',
    ]);
    expect(bed.apply("identity", [...PAIRS, ...many])).toEqual([]);
  });

  it("leaves packets to kube-proxy that it marked", () => {
    using bed = testbed();
    bed.node.shell(`${NATIVE}
      iptables-nft -t mangle -A PREROUTING -s 10.1.0.2 -j MARK --set-xmark 0x4000/0x4000`);
    bed.apply("identity");
    expect(bed.seenFromPod()).toEqual(["172.16.0.1"]);
  });

  it("exempts the pairs it is told, and not their product", () => {
    using bed = testbed();
    bed.node.shell(NATIVE);
    bed.apply(
      "identity",
      pairs(["10.1.0.0/24", "10.9.0.0/16"], ["10.8.0.0/24", "10.2.0.0/20"]),
    );
    expect(bed.seenFromPod()).toEqual(["172.16.0.1"]);
    bed.apply(
      "identity",
      pairs(["10.1.0.0/24", "10.2.0.0/20"], ["10.8.0.0/24", "10.9.0.0/16"]),
    );
    expect(bed.seenFromPod()).toEqual([POD]);
  });

  it("changes sets by their differences: networks that widen, narrow, touch and end the address space", () => {
    using bed = testbed();
    const steps = [
      ["10.1.0.0/24", "10.2.0.0/24", "10.2.1.0/24", "10.2.2.0/24"],
      ["10.1.0.0/24", "10.2.0.0/23", "10.2.2.0/24"],
      ["10.1.0.0/24", "10.2.0.0/16"],
      ["10.1.0.0/24", "10.2.0.0/24", "10.2.0.0/25", "10.3.0.0/16"],
      ["10.1.0.0/25", "10.2.0.0/24", "240.0.0.0/4"],
      ["10.1.0.0/24", "0.0.0.0/1", "128.0.0.0/1"],
      ["10.1.0.0/24", "10.2.0.0/20"],
    ];
    for (const [local = "", ...remotes] of steps) {
      const wanted = pairs(
        ...remotes.map((remote) => [local, remote] as const),
      );
      bed.apply("identity", wanted);
      expect(bed.apply("identity", wanted)).toEqual([]);
      expect(bed.seenFromPod()).toEqual([POD]);
    }
    expect(
      bed.node.exec("nft", "list", "set", "ip", "crosslink", "remote"),
    ).toContain("elements = { 10.2.0.0/20 }");
  });

  it("repairs what somebody damaged, whatever it is", () => {
    using bed = testbed();
    bed.node.shell(NATIVE);
    for (const damage of [
      "nft delete table ip crosslink",
      "nft flush chain ip crosslink postrouting",
      "nft flush set ip crosslink remote",
      "nft add element ip crosslink local { 99.0.0.0/8 }",
      "nft insert rule ip crosslink postrouting accept",
      "nft add chain ip crosslink other",
      "nft 'add set ip crosslink other { type ipv4_addr; }'",
      "nft 'delete table ip crosslink; add table ip crosslink; add set ip crosslink local { type inet_service; }'",
      "nft 'delete table ip crosslink; add table ip crosslink; add chain ip crosslink postrouting { type nat hook postrouting priority 120; }'",
      "nft 'add table ip crosslink { flags dormant; }'",
    ]) {
      bed.apply("identity");
      bed.node.shell(damage);
      expect(bed.apply("identity"), damage).not.toEqual([]);
      expect(bed.apply("identity"), damage).toEqual([]);
      expect(bed.seenFromPod(), damage).toEqual([POD]);
    }
  });
});

describe("old mappings", () => {
  it("are forgotten for the pairs concerned, and for no others", () => {
    using bed = testbed();
    bed.node.shell(`iptables-nft -t nat -A POSTROUTING -o eth0 -j MASQUERADE
      ip route add 10.99.0.0/16 via 172.16.0.2`);
    const flow = (source: string, destination: string) =>
      bed.pod.shell(
        `echo x | nc -u -w1 -s ${source} -p 5555 ${destination} 6666 || true`,
      );
    bed.pod.shell("ip addr add 10.1.5.2/32 dev eth0");
    bed.node.shell("ip route add 10.1.5.2/32 dev veth-pod");
    flow(POD, REMOTE);
    flow(POD, "10.99.0.1");
    flow("10.1.5.2", REMOTE);
    const sources = () =>
      [
        ...bed.node
          .exec("conntrack", "-L", "-p", "udp")
          .matchAll(/src=(\S+) dst=(\S+) sport=5555.*?dst=(\S+) sport=6666/g),
      ]
        .map(([, from, to, answeredTo]) => `${from} ${to} ${answeredTo}`)
        .sort();
    expect(sources()).toEqual([
      `10.1.0.2 10.2.0.2 172.16.0.1`,
      `10.1.0.2 10.99.0.1 172.16.0.1`,
      `10.1.5.2 10.2.0.2 172.16.0.1`,
    ]);
    bed.apply("auto");
    expect(sources()).toEqual([
      `10.1.0.2 10.99.0.1 172.16.0.1`,
      `10.1.5.2 10.2.0.2 172.16.0.1`,
    ]);
    flow(POD, REMOTE);
    expect(sources()[0]).toBe(`10.1.0.2 10.2.0.2 10.1.0.2`);
  });
});
