import { describe, expect, it } from "vitest";
import { describeSnat, observeSnat } from "../../../plugin/netfilter/snat.ts";
import { PAIRS, POD, testbed } from "./testbed.ts";

type Bed = ReturnType<typeof testbed>;

const said = (bed: Bed): string =>
  describeSnat(observeSnat(bed.kernel), () =>
    PAIRS.map(({ local, remote }) => ({
      family: local.family,
      source: local,
      destination: remote,
      inputs: [{ name: "veth-pod", index: 2 }],
      outputs: [{ name: "eth0", index: 3 }],
    })),
  )
    .filter((sentence) => sentence.includes("chain"))
    .join("\n");

/** A NAT chain of somebody's behind routing. */
const chain = (name: string, priority: string, rules: string) =>
  `nft -f - <<'EOF'
    table ${name} {
      chain other { oifname "eth0" masquerade; }
      chain post { type nat hook postrouting priority ${priority}; ${rules}
      }
    }
EOF`;

describe("a NAT chain of others", () => {
  it("that is called as iptables' own is named, too, in the family inet", () => {
    using bed = testbed();
    bed.node.shell(`nft -f - <<'EOF'
      table inet nat {
        chain POSTROUTING { type nat hook postrouting priority srcnat; masquerade; }
      }
EOF`);
    bed.apply("return");
    expect(bed.seenFromPod()).toEqual(["172.16.0.1"]);
    expect(said(bed)).toContain(
      "RETURN cannot win against chain inet nat POSTROUTING (priority 100)",
    );
  });

  it.each([
    ["ip mine", "srcnat", 'oifname "eth0" masquerade'],
    ["inet mine", "srcnat", 'oifname "eth0" masquerade'],
    ["inet nat", "srcnat", 'oifname "eth0" masquerade'],
    ["inet crosslink", "srcnat", 'oifname "eth0" masquerade'],
    ["ip mine", "srcnat", "ip saddr 10.0.0.0/8 snat to 172.16.0.1"],
    ["ip mine", "200", "jump other"],
    ["inet mine", "50", 'oifname "eth0" masquerade'],
    ["inet mine", "50", "ip saddr vmap { 10.1.0.0/16 : goto other }"],
  ])("that rewrites is named: table %s, priority %s, %s", (...words) => {
    using bed = testbed();
    const [table, priority] = words;
    bed.node.shell(chain(...words));
    bed.apply("return");
    const node = bed.seenFromPod();
    expect(node).toEqual(["172.16.0.1"]);
    expect(said(bed)).toContain(
      `RETURN cannot win against chain ${table} post (priority ${priority === "srcnat" ? "100" : priority}), whose rule 1 (handle `,
    );
    bed.apply("auto");
    const isEarly = priority === "50";
    expect(bed.seenFromPod()).toEqual(isEarly ? node : [POD]);
    expect(said(bed)).toContain(
      isEarly
        ? "is asked before identity SNAT and wins"
        : "identity SNAT is asked before it and wins",
    );
  });

  it.each([
    ["ip mine", "srcnat", ""],
    [
      "inet mine",
      "50",
      "ip daddr 10.0.0.0/8 return; ip6 daddr fc00::/7 return; masquerade",
    ],
    ["ip mine", "srcnat", "ip saddr 10.77.0.0/16 masquerade"],
    ["ip mine", "srcnat", 'oifname "tun0" masquerade'],
    ["ip mine", "srcnat", "meta mark and 0x4000 == 0x4000 masquerade"],
    ["ip6 mine", "srcnat", "ip6 saddr fd00:7::/64 masquerade"],
  ])("that does not is not: table %s, priority %s, %s", (...words) => {
    using bed = testbed();
    bed.node.shell(chain(...words));
    bed.apply("return");
    expect(bed.seenFromPod()).toEqual([POD]);
    expect(said(bed)).not.toContain("mine");
  });
});
