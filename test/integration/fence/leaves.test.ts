import { afterEach, beforeEach, expect, it } from "vitest";
import { parseCidr } from "../../../ip/cidr.ts";
import { raiseFence } from "../../../plugin/fence/raise.ts";
import { planRules } from "../../../plugin/fence/rules.ts";
import type { FenceWill } from "../../../plugin/fence/will.ts";
import { silent } from "../../../plugin/kernel/log.ts";
import { withSession } from "../../../plugin/kernel/session.ts";
import { binding } from "../../support/binding.ts";
import { type NodeSite, nodeSite } from "../../support/node-site.ts";
import { oneKey } from "../../support/node-files.ts";

let site: NodeSite;

beforeEach(() => {
  site = nodeSite();
});

afterEach(() => {
  site[Symbol.dispose]();
});

function raise(leaves?: readonly string[]): number {
  const kernel = { binding, netns: site.node.fd };
  const will: FenceWill = {
    wanted: ["10.1.0.0/16", "fd0b::/64"].map(parseCidr),
    released: [],
    ...(leaves && { leaves: leaves.map(parseCidr), releasesLeaves: true }),
  };
  withSession(kernel, (session) => raiseFence(session, will, silent));
  return planRules(kernel, will).operations.length;
}

/** How many packets of the node's, from a source, are seen on its uplink, whatever source they have there. */
function seen(source: string, destination: string): number {
  const family = destination.includes(":") ? "ip6" : "ip";
  site.node.shell(
    `nft add table netdev wire
     nft 'add chain netdev wire out { type filter hook egress device "eth0" priority 0; }'
     nft add rule netdev wire out ${family} daddr ${destination} counter`,
  );
  site.node.try(
    "ping",
    "-c",
    "2",
    "-i",
    "0.1",
    "-W",
    "1",
    "-I",
    source,
    destination,
  );
  const text = site.node.exec("nft", "list", "table", "netdev", "wire");
  site.node.exec("nft", "delete", "table", "netdev", "wire");
  return Number(/packets (\d+)/.exec(text)?.[1]);
}

it("on a gateway a remote pod's packet goes on to a leaf by ESP alone, by rules alone, under whatever source", () => {
  // As if it came out of a tunnel: this kernel has no ESP.
  site.node.shell(`
    ip addr add 10.1.0.9/32 dev lo; ip addr add 192.0.2.9/32 dev lo
    ip addr add fd0b::9/128 dev lo nodad
    ip addr add fd17::2/64 dev eth0 nodad
    ip -6 route add default via fd17::1
    ip -6 neigh add fd17::1 dev eth0 lladdr 02:00:00:00:00:01 nud permanent
    ip neigh add 172.17.1.1 dev eth0 lladdr 02:00:00:00:00:01 nud permanent`);
  raise([]);
  site.node.shell("ip xfrm policy flush");
  expect(seen("10.1.0.9", "10.0.2.7")).toBeGreaterThan(0);
  expect(seen("fd0b::9", "fd0a:2::7")).toBeGreaterThan(0);
  expect(raise(["10.0.2.0/24", "fd0a:2::/64"])).toBe(0);
  site.node.shell("ip xfrm policy flush");
  expect(seen("10.1.0.9", "10.0.2.7")).toBe(0);
  expect(seen("fd0b::9", "fd0a:2::7")).toBe(0);
  expect(seen("10.1.0.9", "10.0.3.7")).toBeGreaterThan(0);
  expect(seen("192.0.2.9", "10.0.2.7")).toBeGreaterThan(0);
  site.node.shell(`
    iptables-legacy -w -t nat -A POSTROUTING -o eth0 -j MASQUERADE
    ip6tables-legacy -w -t nat -A POSTROUTING -o eth0 -j MASQUERADE`);
  expect(seen("10.1.0.9", "10.0.3.8")).toBeGreaterThan(0);
  expect(seen("10.1.0.9", "10.0.2.8")).toBe(0);
  expect(seen("fd0b::9", "fd0a:2::8")).toBe(0);
});

it("keeps a leaf where nobody knows, and lets it go where the files say so", () => {
  const table = (): string =>
    site.node.exec("nft", "list", "table", "inet", "crosslink");
  raise(["10.0.2.0/24", "10.0.3.0/24"]);
  expect(raise()).toBe(0);
  expect(table()).toContain("10.0.2.0/24");
  expect(raise(["10.0.3.0/24"])).toBe(0);
  expect(table()).not.toContain("10.0.2.0/24");
  expect(table()).toContain(
    "ct original ip saddr @remote4 ip daddr @leaf4 rt ipsec missing",
  );
  expect(raise([])).toBe(0);
  expect(table()).not.toContain("leaf4");
});

it.each([
  ["node1", true],
  ["node3", false],
])("%s: only the gateway has leaves", (name, hasLeaves) => {
  const far = {
    podCIDRs: ["10.1.0.0/16"],
    nodes: [{ name: "n", ips: ["172.17.2.2"] }],
  };
  site.writeCluster("b", far);
  site.writeKeyring(oneKey());
  site.writeCluster("a", {
    mode: "gateway",
    podCIDRs: ["10.0.0.0/16"],
    nodes: [
      {
        name: "node1",
        ips: ["172.17.1.2"],
        podCIDRs: ["10.0.1.0/24"],
        gateway: true,
      },
      { name: "node3", ips: ["172.17.1.3"], podCIDRs: ["10.0.3.0/24"] },
    ],
  });
  if (name === "node3")
    site.node.shell(
      "ip addr flush dev eth0; ip addr add 172.17.1.3/24 dev eth0; ip route add default via 172.17.1.1",
    );
  // Where the kernel has no ESP it is refused, behind the fence.
  site.call("ADD", {
    pod: site.node,
    config: { node: name, prevResult: { cniVersion: "1.1.0" } },
  });
  const table = site.node.exec("nft", "list", "table", "inet", "crosslink");
  expect(table).toContain("10.1.0.0/16");
  expect(table.includes("10.0.3.0/24")).toBe(hasLeaves);
  expect(table).not.toContain("10.0.1.0/24");
});
