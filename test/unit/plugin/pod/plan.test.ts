import { describe, expect, it } from "vitest";
import type { Link } from "../../../../native/route/link.ts";
import type { Route } from "../../../../native/route/route.ts";
import { type ObservedPod, planPod } from "../../../../plugin/pod/plan.ts";
import { desiredPod, type Pod } from "../../../../plugin/pod/state.ts";
import { describeStep } from "../../../../plugin/reconcile/sentence.ts";

const ROUTER = Uint8Array.from([0xfe, 0x80, ...Array<number>(13).fill(0), 1]);
const OTHER = Uint8Array.from([0xfe, 0x80, ...Array<number>(13).fill(0), 2]);

const pod: Pod = {
  attachment: { network: "pods", containerID: "c1", ifname: "eth0" },
  link: { index: 7, name: "veth0" } as Link,
  addresses: [Uint8Array.of(10, 0, 0, 7)],
  absentRouters: [ROUTER],
};
const desired = desiredPod(pod);
const [route] = desired.routes as [Route];

const RIGHT: ObservedPod = {
  sysctls: new Map([
    ["net/ipv4/conf/veth0/proxy_arp", "1"],
    ["net/ipv4/conf/veth0/forwarding", "1"],
  ]),
  routes: [route],
  proxies: [{ index: 7, address: ROUTER, protocol: 88 }],
  alias: "crosslink pods c1 eth0",
};
const NOTHING: ObservedPod = {
  sysctls: new Map(),
  routes: [],
  proxies: [],
  alias: undefined,
};

function steps(observed: Partial<ObservedPod>): string[] {
  const { operations, conflicts } = planPod(pod, desired, {
    ...RIGHT,
    ...observed,
  });
  return [...operations.map((step) => describeStep(step)), ...conflicts];
}

describe("planPod()", () => {
  it("plans nothing for a pod that has all, and all for one that has nothing", () => {
    expect(steps({})).toEqual([]);
    expect(steps(NOTHING)).toEqual([
      "set sysctl net.ipv4.conf.veth0.proxy_arp=1",
      "set sysctl net.ipv4.conf.veth0.forwarding=1",
      "add route 10.0.0.7/32",
      "add proxy neighbour fe80::1 on veth0",
      'set alias of veth0 "crosslink pods c1 eth0"',
    ]);
  });

  it("takes a route by the pod's own interface for good, whoever made it", () => {
    expect(steps({ routes: [{ ...route, protocol: 3 }] })).toEqual([]);
  });

  it("moves a route of ours from another device, and names another program's", () => {
    const elsewhere = { ...route, outputInterface: 9 };
    expect(steps({ routes: [elsewhere] })).toEqual([
      "replace route 10.0.0.7/32",
    ]);
    expect(steps({ routes: [{ ...elsewhere, protocol: 3 }] })).toEqual([
      expect.stringContaining("another program's route 10.0.0.7/32"),
    ]);
  });

  it("takes its own proxy for another address away, and no one else's", () => {
    const others = [
      ...RIGHT.proxies,
      { index: 7, address: OTHER, protocol: 88 },
    ];
    expect(steps({ proxies: others })).toEqual([
      "delete proxy neighbour fe80::2 on veth0",
    ]);
    expect(
      steps({ proxies: others.map((one) => ({ ...one, protocol: 4 })) }),
    ).toEqual([]);
  });

  it("changes its own label, and leaves another program's alias", () => {
    expect(steps({ alias: "crosslink pods c0 eth0" })).toEqual([
      'set alias of veth0 "crosslink pods c1 eth0"',
    ]);
    expect(steps({ alias: "uplink of rack 7" })).toEqual([]);
  });
});
