import { describe, expect, it } from "vitest";
import { parseCidr } from "../../../ip/cidr.ts";
import { markingDevices } from "../../../plugin/bypass/observe-traffic.ts";
import { withSession } from "../../../plugin/kernel/session.ts";
import { forwardObstacles } from "../../../plugin/netfilter/obstacles.ts";
import type { Flow } from "../../../plugin/netfilter/trace/flow.ts";
import { attachProgram } from "../../support/bpf.ts";
import { POD, type Testbed, testbed } from "../snat/testbed.ts";
import { flows } from "./flows.ts";

/** A table of nf_tables with a chain at the forward hook. */
const forward = (rules: string, more = ""): string =>
  `nft -f - <<'EOF'
table inet fw {
  ${more}
  chain forward { type filter hook forward priority 0; policy accept; ${rules}; }
}
EOF`;

/** A table of its own, with a chain of another type or at another hook. */
const chain = (type: string, hook: string, rules: string): string =>
  `nft -f - <<'EOF'
table ip t_${hook} { chain c_${type} { type ${type} hook ${hook} priority -120; ${rules}; }; }
EOF`;

const said = (bed: Testbed): string[] =>
  forwardObstacles(bed.kernel, () => flows(bed)).filter((text) =>
    text.includes("10.1.0.0/24"),
  );

const DROPPING: Record<string, string> = {
  "meta mark and 0x1 != 0x1": forward("meta mark and 0x1 != 0x1 drop"),
  "meta mark != 0x1": forward("meta mark != 0x1 drop"),
  "meta mark and 0xff == 0": forward("meta mark and 0xff == 0 reject"),
  "meta mark xor": forward("meta mark and 0xf xor 0x3 == 0x3 drop"),
  "ct mark != 0x1": forward("ct mark != 0x1 drop"),
  "ct mark and 0x10 != 0x10": forward("ct mark and 0x10 != 0x10 drop"),
  "a mark below another": forward("meta mark < 0x5 drop"),
  "a mark out of a range": forward("meta mark != 0x1-0x5 drop"),
  "a mark in a range": forward("meta mark 0x0-0x5 drop"),
  "a mark out of a set": forward("meta mark != { 0x1, 0x7 } drop"),
  "a mark out of a set of intervals": forward(
    "meta mark != @known drop",
    "set known { type mark; flags interval; elements = { 0x1-0x5, 0x100-0x1ff } }",
  ),
  "what a mark is not accepted for": forward("meta mark 0x1 accept; drop"),
  "a verdict map": forward("meta mark vmap { 0x0 : drop, 0x1 : accept }"),
  "a chain that only marks return from": forward(
    "jump marked",
    "chain marked { ct mark 0x1 return; drop; }",
  ),
  "a mark for others": `${chain("filter", "prerouting", "ip saddr 10.99.0.0/16 meta mark set 0x1")}
    ${forward("meta mark != 0x1 drop")}`,
  "a mark that leads to the drop": `${chain("filter", "prerouting", `ip saddr ${POD} meta mark set 0x7`)}
    ${forward("meta mark 0x7 drop")}`,
  "a mark by a NAT chain that leads to the drop": `${chain("nat", "prerouting", "meta mark set meta mark or 0x40")}
    ${forward("ct state established accept; meta mark and 0x40 != 0 drop")}`,
  "a connection's mark that leads to the drop": `${chain("filter", "prerouting", "meta mark set 0x7; ct mark set meta mark")}
    ${forward("ct mark 0x7 drop")}`,
  "a mark and a verdict in one rule": `${chain("filter", "prerouting", "meta mark 0x0 meta mark set 0x9 accept")}
    ${forward("meta mark 0x9 drop")}`,
};

for (const backend of ["nft", "legacy"] as const) {
  const iptables = `iptables-${backend} -w`;
  const pre = `${iptables} -t mangle -A PREROUTING`;
  for (const [title, rules] of Object.entries({
    "-m mark ! --mark 0x1/0x1": `${iptables} -A FORWARD -m mark ! --mark 0x1/0x1 -j DROP`,
    "-m mark ! --mark 0x1": `${iptables} -A FORWARD -m mark ! --mark 0x1 -j DROP`,
    "-m mark --mark 0x0/0xff": `${iptables} -A FORWARD -m mark --mark 0x0/0xff -j REJECT`,
    "-m connmark ! --mark 0x1/0x1": `${iptables} -A FORWARD -m connmark ! --mark 0x1/0x1 -j DROP`,
    "-m connmark ! --mark 0x1": `${iptables} -A FORWARD -m connmark ! --mark 0x1 -j DROP`,
    "an accept by mark, and a drop": `${iptables} -A FORWARD -m mark --mark 0x1/0x1 -j ACCEPT; ${iptables} -A FORWARD -j DROP`,
    "mangle's FORWARD": `${iptables} -t mangle -A FORWARD -m mark ! --mark 0x1/0x1 -j DROP`,
    "a chain of its own": `${iptables} -N zone; ${iptables} -A FORWARD -j zone; ${iptables} -A zone -m mark --mark 0x1 -j RETURN; ${iptables} -A zone -j DROP`,
    "a mark for others": `${pre} -s 10.99.0.0/16 -j MARK --set-mark 0x1; ${iptables} -A FORWARD -m mark ! --mark 0x1 -j DROP`,
    "a mark that leads to the drop": `${pre} -s ${POD} -j MARK --set-mark 0x7; ${iptables} -A FORWARD -m mark --mark 0x7 -j DROP`,
    "a saved mark that leads to the drop": `${pre} -j MARK --or-mark 0x10; ${pre} -j CONNMARK --save-mark --mask 0xff; ${iptables} -A FORWARD -m connmark --mark 0x10/0x10 -j DROP`,
  }))
    DROPPING[`iptables-${backend}: ${title}`] = rules;
}

const PASSING: Record<string, string> = {
  "a mark from a chain at prerouting": `${chain("filter", "prerouting", "ip saddr 10.1.0.0/24 meta mark set 0x1; ip daddr 10.1.0.0/24 meta mark set 0x1")}
    ${forward("meta nfproto ipv4 meta mark != 0x1 drop")}`,
  "a mark from a NAT chain": `${chain("nat", "prerouting", "meta mark set meta mark or 0x1")}
    ${forward("ct state established accept; meta mark and 0x1 != 0x1 drop")}`,
  "a mark from the chain itself": forward(
    "meta mark set 0x1; meta mark != 0x1 drop",
  ),
  "a connection's mark": `${chain("filter", "prerouting", "ct mark set 0x1")}
    ${forward("ct mark != 0x1 drop")}`,
  "a mark given back by the connection": `${chain("filter", "prerouting", "ct mark set 0x5; meta mark set ct mark")}
    ${forward("meta mark != 0x5 drop")}`,
  "a drop of others' marks": forward(
    "meta mark 0x1 drop; ct mark and 0xff != 0 drop; meta mark { 0x2, 0x4 } drop; meta mark 0x10-0x20 drop",
  ),
  "a chain for marks alone": forward(
    "meta mark vmap { 0x1 : jump marked }",
    "chain marked { drop; }",
  ),
};

for (const backend of ["nft", "legacy"] as const) {
  const iptables = `iptables-${backend} -w`;
  const pre = `${iptables} -t mangle -A PREROUTING`;
  for (const [title, rules] of Object.entries({
    "mangle's PREROUTING": `${pre} -j MARK --set-mark 0x1; ${iptables} -A FORWARD -m mark ! --mark 0x1 -j DROP`,
    "mangle's FORWARD": `${iptables} -t mangle -A FORWARD -j MARK --set-xmark 0x1/0x1; ${iptables} -A FORWARD -m mark ! --mark 0x1/0x1 -j DROP`,
    "nat's PREROUTING": `${iptables} -t nat -A PREROUTING -j MARK --or-mark 0x4; ${iptables} -A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT; ${iptables} -A FORWARD -m mark ! --mark 0x4/0x4 -j DROP`,
    "a chain that is jumped to": `${iptables} -N zone; ${iptables} -A zone -j MARK --set-mark 0x2; ${iptables} -A FORWARD -j zone; ${iptables} -A FORWARD -m mark ! --mark 0x2 -j DROP`,
    "a connection's mark": `${pre} -j CONNMARK --set-mark 0x3; ${iptables} -A FORWARD -m connmark ! --mark 0x3 -j DROP`,
    "a restored mark": `${pre} -j CONNMARK --set-mark 0x3; ${pre} -j CONNMARK --restore-mark; ${iptables} -A FORWARD -m mark ! --mark 0x3 -j DROP`,
    "a drop of others' marks": `${iptables} -A FORWARD -m mark --mark 0x1/0x1 -j DROP; ${iptables} -A FORWARD -m connmark --mark 0x1 -j DROP`,
    "Calico's way with marks": `${iptables} -N cali-FORWARD; ${iptables} -N cali-pri
      ${iptables} -A FORWARD -j cali-FORWARD; ${iptables} -A cali-FORWARD -j MARK --set-xmark 0x0/0x30000
      ${iptables} -A cali-FORWARD -j cali-pri; ${iptables} -A cali-pri -j MARK --set-xmark 0x10000/0x10000
      ${iptables} -A cali-FORWARD -m mark --mark 0x10000/0x10000 -j RETURN; ${iptables} -A cali-FORWARD -j DROP`,
  }))
    PASSING[`iptables-${backend}: ${title}`] = rules;
}

describe("forwardObstacles(), where rules ask for marks", () => {
  it.each(Object.entries(DROPPING))("names %s", (_, script) => {
    using bed = testbed();
    bed.node.shell(script);
    expect(bed.seenFromPod()).toEqual([]);
    expect(said(bed)).not.toEqual([]);
    for (const text of said(bed))
      expect(text).toMatch(/ (drop|reject)s (some of )?what goes from /);
  });

  it.each(Object.entries(PASSING))("says nothing of %s", (_, script) => {
    using bed = testbed();
    bed.node.shell(script);
    expect(bed.seenFromPod()).toEqual([POD]);
    expect(said(bed)).toEqual([]);
  });

  it.each([
    [
      "a number at random",
      `${chain("filter", "prerouting", "meta mark set numgen random mod 4")}
       ${forward("meta mark and 0x8 != 0x8 drop")}`,
    ],
    [
      "a map",
      `nft 'add table ip m; add map ip m marks { type ipv4_addr : mark; elements = { 10.1.0.2 : 0x1 }; }
       add chain ip m pre { type filter hook prerouting priority -120; }
       add rule ip m pre meta mark set ip saddr map @marks'
       ${forward("meta mark != 0x1 drop")}`,
    ],
    [
      "several fields at once",
      forward(
        "iifname . meta mark != @known drop",
        'set known { type ifname . mark; elements = { "veth-pod" . 0x0 } }',
      ),
    ],
    [
      "iptables' hash",
      `iptables-legacy -w -t mangle -A PREROUTING -j HMARK --hmark-tuple src --hmark-mod 4 --hmark-rnd 1 --hmark-offset 1
       iptables-legacy -w -A FORWARD -m mark ! --mark 0x9 -j DROP`,
    ],
  ])("is careful about a mark by %s", (_, script) => {
    using bed = testbed();
    bed.node.shell(script);
    expect(said(bed).join("\n")).toMatch(
      / may drop (some of )?what goes from .* mark/,
    );
  });

  it.each([
    ["ESP", "esp", 0],
    ["UDP", "esp", 1],
    ["UDP", "udp --dport 4500", 0],
  ] as const)(
    "what came in %s has the mark that was given to %s",
    (wrapped, protocol, expected) => {
      using bed = testbed();
      bed.node.shell(`
        iptables-legacy -w -t mangle -A PREROUTING -p ${protocol} -j MARK --set-mark 0x1
        iptables-legacy -w -A FORWARD -i eth0 -m mark ! --mark 0x1 -j DROP`);
      const decrypted = flows(bed).map((flow): Flow => {
        const { family, source, inputs } = flow;
        const isRemote = inputs.some(({ name }) => name === "eth0");
        const tunnel = { in: wrapped, way: "in" } as const;
        const outer = { family, source, inputs, outputs: [], tunnel };
        const was = [{ ...outer, destination: parseCidr("172.16.0.1/32") }];
        return isRemote && family === 4 ? { ...flow, was } : flow;
      });
      const text = forwardObstacles(bed.kernel, () => decrypted);
      expect(text).toHaveLength(expected);
    },
  );

  it.each(["tc", "tcx"] as const)(
    "is careful about what an eBPF program at %s may have marked",
    (how) => {
      using bed = testbed();
      bed.node.shell(forward("meta mark != 0x1 drop"));
      attachProgram(bed.node, { name: "watcher", how, device: "veth-pod" });
      const text = withSession(bed.kernel, (session) =>
        forwardObstacles(bed.kernel, () => flows(bed), {
          mayMark: markingDevices(session),
        }),
      );
      expect(text.join("\n")).toMatch(
        /may drop what goes from 10.1.0.0.*\n.* drops what goes from 10.2.0.0/,
      );
    },
  );
});
