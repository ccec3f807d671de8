import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CniError } from "../../../../cni/error.ts";
import { runPlan } from "../../../../plugin/commands/plan.ts";
import { runStatus } from "../../../../plugin/commands/status.ts";
import type { Namespace } from "../../../support/namespace.ts";
import {
  type NodeSite,
  nodeSite,
  writeOffice,
} from "../../../support/node-site.ts";
import { addPod, routedPod, shownBy } from "../../../support/routed-pod.ts";

let site: NodeSite;
let pod: Namespace;

beforeEach(() => {
  site = nodeSite();
  pod = routedPod(site);
  writeOffice(site);
  // What nodes have: a cloud's metadata, NodeLocal DNS, a resolver's stub, IPv4 by itself; on the pods' bridge as well.
  site.node.shell(`
    echo 0 > /proc/sys/net/ipv6/conf/all/disable_ipv6
    ip addr add 127.0.0.53/8 dev lo; ip addr add 127.0.0.54/32 dev lo scope global
    ip link add nodelocaldns type bridge; ip link set nodelocaldns up
    ip addr add 169.254.20.10/32 dev nodelocaldns
    ip addr add fe80::20:10/128 dev nodelocaldns nodad
    ip addr add 169.254.7.2/16 dev eth0; ip addr add fe80::7:2/64 dev eth0 nodad
    ip route add 169.254.169.254 via 172.17.1.1
    ip route add blackhole 169.254.8.0/24; ip route add unreachable 127.8.0.0/16
    ip -6 route add unreachable fe80:8::/32
    ip rule add to 169.254.9.0/24 blackhole priority 90
    ip link add cbr0 type bridge; ip link set cbr0 up
    ip addr add 169.254.6.1/24 dev cbr0; ip addr add fe80::6:1/64 dev cbr0 nodad scope global
    ip addr add 10.0.0.1/24 dev cbr0; ip route del 10.0.0.0/24 dev cbr0`);
});

afterEach(() => {
  pod[Symbol.dispose]();
  site[Symbol.dispose]();
});

/** The node's own cluster, whose pod CIDRs are asked of its bridge. */
function writeOwn(name: string, ip: string): void {
  const nodes = [
    { name, ips: [ip] },
    { name: "other", ips: ["172.17.1.77"], podCIDRs: ["10.0.9.0/24"] },
  ];
  site.writeCluster("own", { cni: "globalrouter", nodes });
}

/** All that a command prints, or says of what is wrong. */
function said(command: typeof runPlan): string {
  try {
    return shownBy(site, command);
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    return `${error.message}: ${error.details}`;
  }
}

const MEANINGLESS = /\b127\.\d|\b169\.254\.|\bfe80:|(?<![\da-f:])::1\b/i;

describe.each([
  ["plan", runPlan],
  ["status", runStatus],
] as const)("crosslink %s", (_, command) => {
  it("takes no loopback or link-local address for a network of pods, and names no such route", () => {
    writeOwn("node1", "172.17.1.2");
    const before = said(command);
    expect(addPod(site, pod)).toMatchObject({ exitCode: 0 });
    const after = said(command);
    // The same bridge's network of another kind.
    expect(after).toContain("10.0.0.0/24");
    expect(`${before}\n${after}`).not.toMatch(MEANINGLESS);
  });

  it.each([
    ["has no entry", "somebody", "172.17.1.99"],
    ["has another address", "node1", "172.17.1.99"],
  ])("shows no such address as this machine's where it %s", (_, name, ip) => {
    writeOwn(name, ip);
    const text = said(command);
    expect(text).toContain("172.17.1.2");
    expect(text).not.toMatch(MEANINGLESS);
  });
});
