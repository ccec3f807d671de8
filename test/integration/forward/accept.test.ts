import { describe, expect, it } from "vitest";
import { describeSnat, observeSnat } from "../../../plugin/netfilter/snat.ts";
import { POD, POD6, REMOTE, testbed } from "../snat/testbed.ts";

const ACCEPT4 = [
  "-A FORWARD -s 10.1.0.0/24 -d 10.2.0.0/20 -m comment --comment crosslink -j ACCEPT",
  "-A FORWARD -s 10.2.0.0/20 -d 10.1.0.0/24 -m comment --comment crosslink -j ACCEPT",
];

function forward(bed: ReturnType<typeof testbed>, backend: "nft" | "legacy") {
  return bed.node
    .exec(`iptables-${backend}`, "-S", "FORWARD")
    .split("\n")
    .filter((line) => line.startsWith("-A"));
}

describe.each(["nft", "legacy"] as const)("FORWARD in %s", (backend) => {
  const iptables = `iptables-${backend}`;
  const ip6tables = `ip6tables-${backend}`;

  it("lets pods through where the policy drops, as Docker leaves it", () => {
    using bed = testbed();
    bed.node
      .shell(`${iptables} -N DOCKER-USER; ${iptables} -A FORWARD -j DOCKER-USER
      ${iptables} -A DOCKER-USER -j RETURN
      ${iptables} -P FORWARD DROP; ${ip6tables} -P FORWARD DROP`);
    expect(bed.seenFromPod()).toEqual([]);
    bed.apply("auto");
    expect(forward(bed, backend)).toEqual([
      "-A FORWARD -j DOCKER-USER",
      ...ACCEPT4,
    ]);
    expect(bed.seenFromPod()).toEqual([POD]);
    expect(bed.seenFromPod(6)).toEqual([POD6]);
    expect(bed.seenFromRemote()).toEqual([REMOTE]);
    expect(bed.apply("auto")).toEqual([]);
    bed.apply("off", []);
    expect(forward(bed, backend)).toEqual(["-A FORWARD -j DOCKER-USER"]);
  });

  it("goes ahead of a rule that drops, and behind what comes before it", () => {
    using bed = testbed();
    bed.node
      .shell(`${iptables} -A FORWARD -m conntrack --ctstate INVALID -j DROP
      ${iptables} -A FORWARD -s 10.1.0.66 -j LOG
      ${iptables} -A FORWARD -j REJECT --reject-with icmp-host-prohibited
      ${iptables} -A FORWARD -s 10.77.0.0/16 -j ACCEPT`);
    bed.apply("auto");
    expect(forward(bed, backend).slice(2, 4)).toEqual(ACCEPT4);
    expect(bed.seenFromPod()).toEqual([POD]);
    expect(bed.apply("auto")).toEqual([]);
  });

  it("finds a drop in a chain that is jumped to", () => {
    using bed = testbed();
    bed.node.shell(`${iptables} -N site; ${iptables} -N inner
      ${iptables} -A FORWARD -j site; ${iptables} -A site -j inner; ${iptables} -A inner -j DROP`);
    bed.apply("auto");
    expect(forward(bed, backend)).toEqual([...ACCEPT4, "-A FORWARD -j site"]);
    expect(bed.seenFromPod()).toEqual([POD]);
  });

  it("comes again ahead of a drop that was put before it", () => {
    using bed = testbed();
    bed.node.shell(`${iptables} -P FORWARD DROP`);
    bed.apply("auto");
    bed.node.shell(`${iptables} -I FORWARD -j DROP`);
    expect(bed.seenFromPod()).toEqual([]);
    bed.apply("auto");
    expect(forward(bed, backend)).toEqual([...ACCEPT4, "-A FORWARD -j DROP"]);
    expect(bed.seenFromPod()).toEqual([POD]);
  });

  it("overrules no network policy, and no admin's own chain", () => {
    using bed = testbed();
    bed.node
      .shell(`${iptables} -N cali-FORWARD; ${iptables} -A FORWARD -j cali-FORWARD
      ${iptables} -A cali-FORWARD -s ${POD} -j DROP
      ${iptables} -P FORWARD DROP`);
    bed.apply("auto");
    expect(forward(bed, backend)).toEqual([
      "-A FORWARD -j cali-FORWARD",
      ...ACCEPT4,
    ]);
    expect(bed.seenFromPod()).toEqual([]);
  });

  it("has none of ours where nothing drops", () => {
    using bed = testbed();
    bed.node.shell(`${iptables} -A FORWARD -s 10.77.0.0/16 -j ACCEPT`);
    bed.apply("auto");
    expect(forward(bed, backend)).toHaveLength(1);
    bed.node.shell(`${iptables} -P FORWARD DROP`);
    bed.apply("auto");
    bed.node.shell(`${iptables} -P FORWARD ACCEPT`);
    bed.apply("auto");
    expect(forward(bed, backend)).toHaveLength(1);
  });
});

it("a native chain that drops by policy is named, since no accept elsewhere overrules it", () => {
  using bed = testbed();
  bed.node.shell(
    "nft 'add table inet fw; add chain inet fw chain1 { type filter hook forward priority 10; policy drop; }'",
  );
  bed.apply("auto");
  expect(describeSnat(observeSnat(bed.kernel)).join("\n")).toContain(
    "chain inet fw chain1 drops what it does not know",
  );
});
