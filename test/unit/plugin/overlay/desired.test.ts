import { describe, expect, it } from "vitest";
import { parseAddress, parseCidr } from "../../../../ip/cidr.ts";
import type { Cluster, Node } from "../../../../conf/generated/cluster.ts";
import { formatAddress } from "../../../../native/address.ts";
import { desiredOverlay } from "../../../../plugin/overlay/desired.ts";
import type { NextHop } from "../../../../plugin/overlay/way.ts";
import {
  describeRoute,
  describeRule,
} from "../../../../plugin/reconcile/sentence.ts";
import { cluster, meshAt, node } from "../../../support/mesh/mesh.ts";

const podCIDRs = ["10.1.0.0/16", "fd01::/48"];
const ROUTER: NextHop = {
  outputInterface: 2,
  gateway: Uint8Array.of(192, 0, 2, 1),
};
const ON_LINK: NextHop = { outputInterface: 2 };

interface Scene {
  readonly nodes?: readonly Node[];
  readonly rest?: Partial<Cluster>;
  readonly hop?: NextHop | undefined;
  readonly mtu?: number | undefined;
}

const NODES = [
  node("gate", "172.31.1.10", { gateway: true }),
  node("leaf", "172.31.2.11", { podCIDRs: ["10.1.2.0/24", "fd01:0:0:2::/64"] }),
];

function overlayAt(name: string, scene: Scene = {}) {
  const { nodes = NODES, rest = {}, hop = ROUTER } = scene;
  const remote = cluster("remote", {
    podCIDRs: ["10.9.0.0/16", "fd09::/48"],
    nodes: [node("far", ["203.0.113.9", "2001:db8::9"])],
  });
  const own = cluster("own", {
    mode: "gateway",
    podCIDRs,
    nodes: [...nodes],
    ...rest,
  });
  const localCidrs = (rest.podCIDRs ?? podCIDRs).map(parseCidr);
  const mesh = meshAt([own, remote], `own/${name}`, { localCidrs });
  return desiredOverlay(mesh, {
    nextHop: () => hop,
    mtuAt: () => ("mtu" in scene ? scene.mtu : 1500),
  });
}

const routes = (overlay: ReturnType<typeof overlayAt>): string[] =>
  overlay.routes.map(describeRoute);

describe("desiredOverlay()", () => {
  it("leads a leaf behind a router over the device, to the gateway", () => {
    const overlay = overlayAt("leaf");
    expect(overlay.device).toMatchObject({ mtu: 1450 });
    expect(routes(overlay)).toEqual([
      "route 10.9.0.0/16 via 172.31.1.10 dev crosslink0",
      "route fd09::/48 via fe80::43:acff:fe1f:10a dev crosslink0",
    ]);
    expect(overlay.rules).toEqual([]);
    expect(
      overlay.targets.map(({ destination }) => formatAddress(destination)),
    ).toEqual(["172.31.1.10"]);
  });

  it("leads the gateway back, by a table that only packets from remote pods use", () => {
    const overlay = overlayAt("gate");
    expect(routes(overlay)).toEqual([
      "route 10.1.2.0/24 via 172.31.2.11 dev crosslink0 table 17228",
      "route fd01:0:0:2::/64 via fe80::43:acff:fe1f:20b dev crosslink0 table 17228",
    ]);
    expect(overlay.rules.map(describeRule)).toEqual([
      "rule 17228 from 10.9.0.0/16 lookup 17228",
      "rule 17228 from fd09::/48 lookup 17228",
    ]);
  });

  it("has both ends know each other's hardware address", () => {
    const [leaf, gate] = [overlayAt("leaf"), overlayAt("gate")];
    expect(leaf.targets).toEqual([
      {
        hardwareAddress: gate.device?.hardwareAddress,
        destination: gate.device?.local,
      },
    ]);
    expect(gate.targets).toEqual([
      {
        hardwareAddress: leaf.device?.hardwareAddress,
        destination: leaf.device?.local,
      },
    ]);
  });

  it("needs no device on one link, but for families that the nodes do not have", () => {
    const four = { hop: ON_LINK, rest: { podCIDRs: ["10.1.0.0/16"] } };
    const nodes = [
      NODES[0]!,
      node("leaf", "172.31.1.11", { podCIDRs: ["10.1.2.0/24"] }),
    ];
    const leaf = overlayAt("leaf", { ...four, nodes });
    expect(leaf.device).toBeUndefined();
    expect(routes(leaf)).toEqual(["route 10.9.0.0/16 via 172.31.1.10 dev #2"]);
    expect(routes(overlayAt("gate", { ...four, nodes }))).toEqual([
      "route 10.1.2.0/24 via 172.31.1.11 dev #2 table 17228",
    ]);
    const both = overlayAt("leaf", { hop: ON_LINK });
    expect(both.device).toBeDefined();
    expect(routes(both)).toEqual([
      "route 10.9.0.0/16 via 172.31.1.10 dev #2",
      "route fd09::/48 via fe80::43:acff:fe1f:10a dev crosslink0",
    ]);
  });

  it.each<Partial<Cluster>>([{ overlay: "always" }, { cni: "globalrouter" }])(
    "uses the device on one link too where the file says %j",
    (rest) => {
      const overlay = overlayAt("leaf", { hop: ON_LINK, rest });
      expect(overlay.device).toBeDefined();
      expect(routes(overlay)[0]).toContain("dev crosslink0");
    },
  );

  it("sends by IPv6 where not every node has IPv4", () => {
    const nodes = [
      node("gate", ["172.31.1.10", "fd99::10"], { gateway: true }),
      node("leaf", "fd99:2::11", { podCIDRs: ["10.1.2.0/24"] }),
    ];
    const overlay = overlayAt("gate", { nodes });
    expect(overlay.device?.local).toEqual(parseAddress("fd99::10").bytes);
    expect(overlay.device?.mtu).toBe(1430);
    expect(routes(overlay)[0]).toMatch(
      /^route 10.1.2.0\/24 via fe80::.* dev crosslink0/,
    );
  });

  it("leaves leaves whose pods the file does not name to the base CNI", () => {
    const nodes = [NODES[0]!, node("leaf", "172.31.2.11")];
    const overlay = overlayAt("gate", { nodes });
    expect(overlay.device).toBeDefined();
    expect([overlay.routes, overlay.rules]).toEqual([[], []]);
  });

  it("wants nothing in p2p mode, and nothing of a node that is linked to nothing", () => {
    const nodes = NODES.map((one, i) => ({
      ...one,
      podCIDRs: [`10.1.${i}.0/24`],
    }));
    const p2p = overlayAt("leaf", { nodes, rest: { mode: "p2p" } });
    const nothing = { neighbours: [], targets: [], routes: [], rules: [] };
    expect(p2p).toEqual(nothing);
    const facts = { nextHop: () => ROUTER, mtuAt: () => 1500 };
    expect(desiredOverlay(undefined, facts)).toEqual(nothing);
  });

  it("refuses an address that this machine does not have", () => {
    expect(() => overlayAt("leaf", { mtu: undefined })).toThrow(
      "Cannot hand packets to the cluster's other nodes from 172.31.2.11: no device of this machine has that address",
    );
  });
});
