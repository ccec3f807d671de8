import { describe, expect, it } from "vitest";
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

  it.each([
    ["rejects what is left", "-j REJECT --reject-with icmp-host-prohibited"],
    ["drops one pod's packets", `-s ${POD} -j DROP`],
    ["jumps into a chain that drops", "-j site"],
  ])("stands above no rule that %s", (_, rule) => {
    using bed = testbed();
    bed.node.shell(`${iptables} -N site; ${iptables} -A site -j DROP
      ${iptables} -P FORWARD DROP; ${iptables} -A FORWARD ${rule}`);
    bed.apply("auto");
    expect(forward(bed, backend).slice(1)).toEqual(ACCEPT4);
    expect(bed.seenFromPod()).toEqual([]);
    expect(bed.apply("auto")).toEqual([]);
  });

  it("has none of ours against a rule, where the policy accepts", () => {
    using bed = testbed();
    bed.node.shell(`${iptables} -A FORWARD -j REJECT`);
    bed.apply("auto");
    expect(forward(bed, backend)).toHaveLength(1);
    expect(bed.seenFromPod()).toEqual([]);
  });

  it("goes back behind a rule that was appended", () => {
    using bed = testbed();
    bed.node.shell(`${iptables} -P FORWARD DROP`);
    bed.apply("auto");
    bed.node.shell(`${iptables} -A FORWARD -s 10.77.0.0/16 -j DROP`);
    expect(bed.apply("auto")).toHaveLength(2);
    expect(forward(bed, backend)).toEqual([
      "-A FORWARD -s 10.77.0.0/16 -j DROP",
      ...ACCEPT4,
    ]);
    expect(bed.seenFromPod()).toEqual([POD]);
    expect(bed.apply("auto")).toEqual([]);
  });

  it("leaves behind it what only accepts, as Calico puts it there again and again", () => {
    using bed = testbed();
    bed.node.shell(`${iptables} -P FORWARD DROP`);
    bed.apply("auto");
    bed.node
      .shell(`${iptables} -A FORWARD -m mark --mark 0x10000/0x10000 -j ACCEPT
      ${iptables} -A FORWARD -j MARK --set-xmark 0x10000/0x10000`);
    expect(bed.apply("auto")).toEqual([]);
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
