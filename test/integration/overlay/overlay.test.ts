import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ClusterSource } from "../../../conf/clusters.ts";
import { parseCidr as parse } from "../../../ip/cidr.ts";
import { applyOperations } from "../../../plugin/reconcile/apply.ts";
import type { DesiredMesh } from "../../../plugin/mesh/state.ts";
import { observeState } from "../../../plugin/node/observe.ts";
import { type NodePlan, withOverlay } from "../../../plugin/node/plan.ts";
import { NOTHING } from "../../../plugin/node/state.ts";
import { examineOverlay } from "../../../plugin/overlay/examine.ts";
import { describeStep } from "../../../plugin/reconcile/sentence.ts";
import { withSession } from "../../../plugin/kernel/session.ts";
import { binding } from "../../support/binding.ts";
import { cluster, meshAt, node } from "../../support/mesh/mesh.ts";
import { connect, type Namespace, namespace } from "../../support/namespace.ts";

let gate: Namespace;
let leaf: Namespace;
let router: Namespace;

/** A gateway and a leaf on two links with a router between, a pod's address on the leaf, a remote pod's on the gateway. */
beforeEach(() => {
  [gate, leaf, router] = [namespace(), namespace(), namespace()];
  connect(gate, "eth0", router, "gate");
  connect(leaf, "eth0", router, "leaf");
  router.shell(`
    ip addr add 172.31.1.1/24 dev gate; ip addr add 172.31.2.1/24 dev leaf
    echo 1 > /proc/sys/net/ipv4/ip_forward`);
  gate.shell(`
    ip addr add 172.31.1.10/24 dev eth0; ip route add default via 172.31.1.1
    ip link add remote type bridge; ip link set remote up
    ip addr add 10.9.0.5/32 dev remote; ip addr add fd09::5/128 dev remote nodad`);
  leaf.shell(`
    ip addr add 172.31.2.11/24 dev eth0; ip route add default via 172.31.2.1
    ip link add pods type bridge; ip link set pods up
    ip addr add 10.1.2.5/32 dev pods; ip addr add fd01:0:0:2::5/128 dev pods nodad`);
});

afterEach(() => {
  for (const place of [gate, leaf, router]) place[Symbol.dispose]();
});

function clusters(pods = ["10.1.2.0/24", "fd01:0:0:2::/64"]): ClusterSource[] {
  const nodes = [
    node("gate", "172.31.1.10", { gateway: true }),
    node("leaf", "172.31.2.11", pods.length > 0 ? { podCIDRs: pods } : {}),
  ];
  const podCIDRs = ["10.1.0.0/16", "fd01::/48"];
  const far = node("far", "203.0.113.9");
  return [
    cluster("own", { mode: "gateway", podCIDRs, nodes }),
    cluster("remote", { podCIDRs: ["10.9.0.0/16", "fd09::/48"], nodes: [far] }),
  ];
}

function meshOf(place: string, all = clusters()): DesiredMesh {
  const localCidrs = all[0]?.cluster.podCIDRs ?? [];
  return meshAt(all, place, {
    localCidrs: localCidrs.map((text) => parse(text)),
  });
}

function planAt(place: Namespace, mesh: DesiredMesh | undefined): NodePlan {
  return inSession(place, (session) =>
    withOverlay(
      NOTHING,
      observeState(session, []),
      examineOverlay(session, mesh),
    ),
  );
}

/** Takes the steps of a plan, and says them. */
function bring(place: Namespace, mesh: DesiredMesh | undefined): string[] {
  const plan = planAt(place, mesh);
  expect(plan.conflicts).toEqual([]);
  const steps = [...plan.protect, ...plan.retire];
  inSession(place, (session) => {
    applyOperations(session, steps);
  });
  return steps.map(describeStep);
}

const inSession = <Result>(
  place: Namespace,
  use: Parameters<typeof withSession<Result>>[1],
): Result => withSession({ binding, netns: place.fd }, use);

function reaches(target: string, source: string): boolean {
  const words = ["-q", "-c1", "-W2", "-I", source, target];
  return leaf.try("ping", ...words).status === 0;
}

function bringBoth(all = clusters()): void {
  bring(gate, meshOf("own/gate", all));
  bring(leaf, meshOf("own/leaf", all));
}

const strict =
  "for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 1 > $f; done";

describe("the overlay", () => {
  it("carries IPv4 and IPv6 between links, where nodes have IPv4 alone and filter strictly", () => {
    for (const place of [gate, leaf]) place.shell(strict);
    bringBoth();
    expect(reaches("10.9.0.5", "10.1.2.5")).toBe(true);
    expect(reaches("fd09::5", "fd01:0:0:2::5")).toBe(true);
  });

  it("leaves the way back to the base CNI where the file names no pods of the leaf", () => {
    const all = clusters([]);
    bringBoth(all);
    expect(gate.exec("ip", "rule")).not.toContain("17228");
    gate.exec("ip", "route", "add", "10.1.2.0/24", "via", "172.31.1.1");
    router.exec("ip", "route", "add", "10.1.2.0/24", "via", "172.31.2.11");
    expect(reaches("10.9.0.5", "10.1.2.5")).toBe(true);
  });

  it("leaves the gateway's own way to the leaves' pods alone", () => {
    bringBoth();
    expect(gate.exec("ip", "route", "get", "10.1.2.5")).toContain("eth0");
    const back = ["10.1.2.5", "from", "10.9.0.5"];
    expect(gate.exec("ip", "route", "get", ...back)).toContain("crosslink0");
  });

  it("is made once, and is right then", () => {
    bringBoth();
    expect(bring(gate, meshOf("own/gate"))).toEqual([]);
    expect(bring(leaf, meshOf("own/leaf"))).toEqual([]);
    const [link] = leaf.ip(
      "-details",
      "link",
      "show",
      "crosslink0",
    ) as object[];
    expect(link).toMatchObject({
      mtu: 1450,
      ifalias: "crosslink",
      address: "02:43:ac:1f:02:0b",
      linkinfo: {
        info_data: {
          id: 17228,
          port: 17228,
          local: "172.31.2.11",
          learning: false,
        },
      },
    });
  });

  it.each([
    ["the device", "ip link del crosslink0"],
    ["the device's state", "ip link set crosslink0 down"],
    ["its MTU", "ip link set crosslink0 mtu 1400"],
    ["its mark", "ip link set crosslink0 alias ''"],
    ["its address", "ip addr flush dev crosslink0 scope host"],
    [
      "its hardware address",
      "ip link set crosslink0 address 02:00:00:00:00:01",
    ],
    ["rp_filter", "echo 1 > /proc/sys/net/ipv4/conf/crosslink0/rp_filter"],
    ["a neighbour", "ip neigh del 172.31.1.10 dev crosslink0"],
    ["all neighbours", "ip neigh flush dev crosslink0 nud permanent"],
    [
      "a forwarding entry",
      "bridge fdb del 02:43:ac:1f:01:0a dev crosslink0 dst 172.31.1.10",
    ],
    [
      "a forwarding entry's host",
      "bridge fdb replace 02:43:ac:1f:01:0a dev crosslink0 dst 172.31.9.9",
    ],
    ["a route", "ip route del 10.9.0.0/16"],
  ])("mends %s", (_, damage) => {
    bringBoth();
    leaf.shell(damage);
    expect(bring(leaf, meshOf("own/leaf"))).not.toEqual([]);
    expect(bring(leaf, meshOf("own/leaf"))).toEqual([]);
    expect(reaches("10.9.0.5", "10.1.2.5")).toBe(true);
    expect(reaches("fd09::5", "fd01:0:0:2::5")).toBe(true);
  });

  it.each([
    ["a rule", "ip rule del pref 17228"],
    ["a way back", "ip route flush table 17228"],
  ])("mends %s of the gateway", (_, damage) => {
    bringBoth();
    gate.shell(damage);
    expect(bring(gate, meshOf("own/gate"))).not.toEqual([]);
    expect(bring(gate, meshOf("own/gate"))).toEqual([]);
    const back = ["10.1.2.5", "from", "10.9.0.5"];
    expect(gate.exec("ip", "route", "get", ...back)).toContain("crosslink0");
  });

  it("goes without a trace, and what is others' stays", () => {
    const look = (): string =>
      gate.shell("ip rule; ip -6 rule; ip route show table all; ip -br link");
    gate.shell("ip rule add from 10.7.0.0/16 table 17228 pref 5 protocol 3");
    const before = look();
    bring(gate, meshOf("own/gate"));
    expect(look()).not.toBe(before);
    bring(gate, undefined);
    expect(look()).toBe(before);
  });

  it("takes entries of nodes that are gone away", () => {
    const more = clusters();
    more[0]?.cluster.nodes.push(node("leaf2", "172.31.3.11"));
    bring(gate, meshOf("own/gate", more));
    expect(bring(gate, meshOf("own/gate"))).toEqual([
      "delete neighbour 172.31.3.11 at 02:43:ac:1f:03:0b on crosslink0",
      "delete neighbour fe80::43:acff:fe1f:30b at 02:43:ac:1f:03:0b on crosslink0",
      "delete forwarding entry 02:43:ac:1f:03:0b to 172.31.3.11 on crosslink0",
    ]);
  });

  it("refuses a device of that name that somebody else made", () => {
    leaf.exec("ip", "link", "add", "crosslink0", "type", "bridge");
    expect(planAt(leaf, meshOf("own/leaf")).conflicts).toEqual([
      "another program's bridge has the name crosslink0, which crosslink needs for its VXLAN device: remove it",
    ]);
    expect(planAt(leaf, undefined).retire).toEqual([]);
  });

  it("adopts a device that a dying process left unmarked", () => {
    bringBoth();
    leaf.exec("ip", "link", "set", "crosslink0", "alias", "");
    expect(bring(leaf, meshOf("own/leaf"))).toEqual([
      'set alias of crosslink0 "crosslink"',
    ]);
  });
});
