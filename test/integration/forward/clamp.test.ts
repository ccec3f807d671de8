import { describe, expect, it } from "vitest";
import { PAIRS, POD, POD6, REMOTE, REMOTE6, testbed } from "../snat/testbed.ts";
import type { Namespace } from "../../support/namespace.ts";

const ENCRYPTED = PAIRS.map((pair) => ({ ...pair, encrypted: true }));

/** Segment sizes that `at` is asked for, or told, while `from` opens a connection to it. */
function sizes(
  from: Namespace,
  at: Namespace,
  source: string,
  destination: string,
): number[] {
  at.shell("nft flush set inet watch sizes");
  from.try("nc", "-w1", "-s", source, "-z", destination, "7777");
  const listed = at.exec("nft", "list", "set", "inet", "watch", "sizes");
  const elements = /elements = \{([^}]*)\}/.exec(listed)?.[1] ?? "";
  return elements.split(",").filter(Boolean).map(Number);
}

function watched() {
  const bed = testbed();
  for (const ns of [bed.pod, bed.remote])
    ns.shell(`nft -f - <<'EOF'
      table inet watch {
        set sizes { typeof tcp option maxseg size; flags dynamic; size 100; }
        chain sizes { type filter hook input priority 0; tcp flags & (syn|rst) == syn add @sizes { tcp option maxseg size }; }
      }
EOF`);
  bed.node.shell(`ip route change 10.2.0.0/16 via 172.16.0.2 mtu 1300
    ip -6 route change fd00:2::/48 via fd00:16::2 mtu 1400`);
  return bed;
}

describe("MSS clamping", () => {
  it("lowers outward sizes to the path's, inward ones to what fits into the tunnel", () => {
    using bed = watched();
    expect(sizes(bed.pod, bed.remote, POD, REMOTE)).toEqual([1460]);
    bed.apply("auto", ENCRYPTED);
    expect(sizes(bed.pod, bed.remote, POD, REMOTE)).toEqual([1260]);
    expect(sizes(bed.pod, bed.remote, POD6, REMOTE6)).toEqual([1340]);
    expect(sizes(bed.remote, bed.pod, REMOTE, POD)).toEqual([1406]);
    expect(sizes(bed.remote, bed.pod, REMOTE6, POD6)).toEqual([1386]);
  });

  it("never raises a size", () => {
    using bed = watched();
    bed.apply("auto", ENCRYPTED);
    bed.pod.shell("ip route change default via 10.1.0.1 advmss 600");
    expect(sizes(bed.pod, bed.remote, POD, REMOTE)).toEqual([600]);
  });

  it("leaves other connections and plain networks alone", () => {
    using bed = watched();
    bed.apply("auto", PAIRS);
    expect(bed.node.exec("nft", "list", "ruleset")).not.toContain("maxseg");
    bed.apply("auto", ENCRYPTED);
    bed.node.shell("ip route add 10.99.0.0/16 via 172.16.0.2 mtu 1300");
    bed.remote.shell("ip addr add 10.99.0.1/32 dev lo");
    expect(sizes(bed.pod, bed.remote, POD, "10.99.0.1")).toEqual([1460]);
  });

  it("shows as nft would write it, needs no churn, and goes with the last pair", () => {
    using bed = watched();
    bed.apply("return", ENCRYPTED);
    expect(bed.apply("return", ENCRYPTED)).toEqual([]);
    let listed = bed.node.exec(
      "nft",
      "list",
      "chain",
      "ip",
      "crosslink",
      "forward",
    );
    expect(listed).toContain(
      "type filter hook forward priority mangle; policy accept;",
    );
    // nft 1.1 writes the flags as a mask.
    listed = listed.replaceAll(
      "tcp flags & (syn | rst) == syn",
      "tcp flags syn / syn,rst",
    );
    expect(listed).toMatch(
      /ip saddr @local ip daddr @remote tcp flags syn \/ syn,rst counter packets \d+ bytes \d+ tcp option maxseg size set rt mtu comment "crosslink"/,
    );
    expect(listed).toMatch(
      /ip saddr @remote ip daddr @local tcp flags syn \/ syn,rst counter packets \d+ bytes \d+ tcp option maxseg size set 1406 comment "crosslink"/,
    );
    bed.apply("return", []);
    expect(bed.node.exec("nft", "list", "tables")).not.toContain("crosslink");
  });
});
