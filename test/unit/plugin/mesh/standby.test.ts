import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ClusterSource } from "../../../../conf/clusters.ts";
import { formatAddress } from "../../../../native/address.ts";
import type { SecurityAssociation } from "../../../../native/xfrm/sa.ts";
import type { Template } from "../../../../native/xfrm/sp.ts";
import { deriveReqid } from "../../../../plugin/mesh/ipsec/spi.ts";
import type { DesiredMesh, Peer } from "../../../../plugin/mesh/state.ts";
import { chooseKeys } from "../../../../plugin/node/keys/choose.ts";
import type { Meter } from "../../../../plugin/node/keys/meter.ts";
import { planNode } from "../../../../plugin/node/plan.ts";
import { NOTHING } from "../../../../plugin/node/state.ts";
import { meshes, places } from "../../../support/mesh/arbitrary.ts";
import { unused } from "../../../support/mesh/keyed-node.ts";
import {
  associationText,
  cluster,
  keyring,
  meshAt,
  node,
  policyText,
  staticKeyring,
  using,
} from "../../../support/mesh/mesh.ts";
import { wire } from "../../../support/mesh/wire.ts";

const keys = keyring(2, [1, 2]);

/** Another of a cluster's declared gateways is in use: which cluster of several gateways, which of those. */
const move = fc.record({ at: fc.nat({ max: 3 }), gateway: fc.nat({ max: 2 }) });

function moved(
  clusters: readonly ClusterSource[],
  moves: readonly { readonly at: number; readonly gateway: number }[],
): readonly ClusterSource[] {
  return moves.reduce<readonly ClusterSource[]>((files, { at, gateway }) => {
    const choices = files.filter((source) => gatewaysOf(source).length > 1);
    const source = choices[at % choices.length];
    if (source === undefined) return files;
    const gateways = gatewaysOf(source);
    const { name } = gateways[gateway % gateways.length]!;
    return files.with(files.indexOf(source), using(source, name));
  }, clusters);
}

/** None of a p2p cluster, whose services alone have one, nor of a plain network. */
function gatewaysOf({ cluster: { mode, encryption, nodes } }: ClusterSource) {
  return mode === "gateway" && encryption === "esp"
    ? nodes.filter((one) => one.gateway)
    : [];
}

function all(clusters: readonly ClusterSource[]): Map<string, DesiredMesh> {
  return new Map(
    places(clusters).map((place) => [
      place,
      meshAt(clusters, place, { keyring: keys }),
    ]),
  );
}

/** Holds a property of a mesh before and after one or two moves, and of those that differ at least some. */
function check(
  property: (
    before: readonly ClusterSource[],
    after: readonly ClusterSource[],
  ) => number,
): void {
  let seen = 0;
  fc.assert(
    fc.property(
      meshes({ min: 2, max: 4 }),
      fc.array(move, { minLength: 1, maxLength: 2 }),
      fc.array(move, { maxLength: 2 }),
      (clusters, moves, first) => {
        const before = moved(clusters, first);
        seen += property(before, moved(before, moves));
      },
    ),
    { numRuns: 150 },
  );
  expect(seen).toBeGreaterThan(0);
}

function texts({ associations }: DesiredMesh): string[] {
  return associations.map(associationText);
}

function sentTo(
  { associations }: DesiredMesh,
  { spisOut, remote }: Peer,
): SecurityAssociation | undefined {
  return associations.find(
    ({ spi, destination }) =>
      spisOut.includes(spi) &&
      formatAddress(destination) === formatAddress(remote),
  );
}

describe("SAs for the time when another gateway is in use", () => {
  it("stand on all nodes whichever gateway is in use", () => {
    check((before, after) => {
      const [was, is] = [all(before), all(after)];
      for (const [place, mesh] of is)
        expect(texts(mesh), place).toEqual(texts(was.get(place)!));
      return [...is].filter(([place, mesh]) => {
        const ends = (one: DesiredMesh) => one.peers.map((peer) => peer.node);
        return ends(mesh).join() !== ends(was.get(place)!).join();
      }).length;
    });
  });

  it("have, for each that a node will send with, its counterpart at the far end before the move", () => {
    check((before, after) => {
      const [was, is] = [all(before), all(after)];
      let fresh = 0;
      for (const [place, mesh] of is) {
        const known = new Set(was.get(place)!.peers.map((peer) => peer.node));
        for (const peer of mesh.peers) {
          const sent = sentTo(mesh, peer)!;
          const far = was.get(`${peer.cluster}/${peer.node}`)!;
          expect(
            far.associations.map((sa) => wire(before, sa)),
            `${place} to ${peer.node}`,
          ).toContain(wire(after, sent));
          if (!known.has(peer.node)) fresh += 1;
        }
      }
      return fresh;
    });
  });

  it("change nothing else: without the standby gateways all but SAs is the same", () => {
    check((clusters) => {
      const alone = clusters.map((source) => withoutStandbys(source));
      let standing = 0;
      for (const place of places(clusters)) {
        const [mesh, plain] = [
          meshAt(clusters, place, { keyring: keys }),
          meshAt(alone, place, { keyring: keys }),
        ];
        expect(allButAssociations(mesh), place).toEqual(
          allButAssociations(plain),
        );
        expect(plain.standby).toEqual([]);
        standing += mesh.standby.length;
      }
      return standing;
    });
  });

  it("fit no template: what comes by them passes nothing, and nothing goes by them", () => {
    check((clusters) => {
      let standing = 0;
      for (const [place, mesh] of all(clusters)) {
        const templates = mesh.policies.flatMap(({ templates: t }) => t);
        for (const sa of standingBy(mesh)) {
          standing += 1;
          expect(
            templates.filter((template) => fits(template, sa)),
            `${place} ${associationText(sa)}`,
          ).toEqual([]);
        }
      }
      return standing;
    });
  });

  it("are kept, counters too, by a move and by the next", () => {
    check((before, after) => {
      let held = 0;
      for (const place of places(before)) {
        const [was, is] = [before, after].map((files) =>
          meshAt(files, place, { keyring: keys }),
        ) as [DesiredMesh, DesiredMesh];
        const associations = was.associations.map((sa) => ({
          ...unused(sa),
          sequence: { output: 7n, input: 0n },
        }));
        const chosen = chooseKeys(is, { ...FACTS, associations });
        const plan = planNode(
          { ...NOTHING, associations: chosen.associations },
          { associations, policies: [], routes: [], sysctls: new Map() },
        );
        expect([...plan.protect, ...plan.retire], place).toEqual([]);
        held += is.standby.length;
      }
      return held;
    });
  });
});

const METER: Meter = { milliseconds: 0 };
const FACTS = {
  note: {
    isKnown: true,
    milliseconds: undefined,
    sent: new Map(),
    secrets: new Map(),
    moved: new Map(),
  },
  wasLinked: true,
  before: METER,
  after: METER,
};

/** No gateway but the one in use is declared. */
function withoutStandbys(source: ClusterSource): ClusterSource {
  const gateways = gatewaysOf(source);
  if (gateways.length === 0) return source;
  const inUse = gateways.find((one) => one.active === true) ?? gateways[0];
  const nodes = source.cluster.nodes.map((one) => ({
    ...one,
    gateway: one === inUse,
  }));
  return { ...source, cluster: { ...source.cluster, nodes } };
}

function allButAssociations(mesh: DesiredMesh): unknown {
  const { policies, routes, exemptions, globalMappings, peers, role } = mesh;
  const rest = { routes, exemptions, globalMappings, peers, role };
  return { ...rest, policies: policies.map(policyText) };
}

/** The SAs that no peer in use has. */
function standingBy({ associations, standby }: DesiredMesh) {
  return associations.filter(({ spi, source, destination }) =>
    standby.some(({ local, remote, spisOut, accepted }) => {
      const [near, far] = [formatAddress(local), formatAddress(remote)];
      const [from, to] = [formatAddress(source), formatAddress(destination)];
      return (
        (from === near && to === far && spisOut.includes(spi)) ||
        (from === far &&
          to === near &&
          accepted.some(({ spis }) => spis.includes(spi)))
      );
    }),
  );
}

/** As xfrm_state_ok() has it for a packet that came in (net/xfrm/xfrm_policy.c), and xfrm_state_find() for one that goes out. */
function fits(
  { source, destination, reqid }: Template,
  sa: SecurityAssociation,
): boolean {
  return (
    reqid === sa.reqid &&
    (source.every((byte) => byte === 0) ||
      formatAddress(source) === formatAddress(sa.source)) &&
    formatAddress(destination) === formatAddress(sa.destination)
  );
}

describe("SAs that stand by, in a small mesh", () => {
  const gated = cluster("gated", {
    mode: "gateway",
    podCIDRs: ["10.1.0.0/16"],
    nodes: [
      node("leaf", "192.168.1.1", { podCIDRs: ["10.1.1.0/24"] }),
      node("other", "192.168.1.2", { podCIDRs: ["10.1.2.0/24"] }),
      node("g1", "192.168.1.3", { gateway: true, podCIDRs: [] }),
      node("g2", "192.168.1.4", { gateway: true, podCIDRs: [] }),
    ],
  });
  const flat = cluster("flat", {
    nodes: [
      node("f1", "192.168.2.1", { podCIDRs: ["10.2.1.0/24"] }),
      node("f2", "192.168.2.2", { podCIDRs: ["10.2.2.0/24"] }),
    ],
  });
  const twin = cluster("twin", {
    mode: "gateway",
    podCIDRs: ["10.3.0.0/16"],
    nodes: [
      node("t1", "192.168.3.1", { gateway: true, podCIDRs: ["10.3.1.0/24"] }),
      node("t2", "192.168.3.2", { gateway: true, podCIDRs: ["10.3.2.0/24"] }),
    ],
  });
  const clusters = [gated, flat, twin];
  const standby = (place: string, files: readonly ClusterSource[] = clusters) =>
    meshAt(files, place).standby.map((peer) => `${peer.cluster}/${peer.node}`);

  it("are a pair a standby gateway on a leaf, and on a far end", () => {
    expect(standby("gated/leaf")).toEqual(["gated/g2"]);
    expect(standby("flat/f1")).toEqual(["gated/g2", "twin/t2"]);
  });

  it("are on a standby gateway with all far ends, gateways in use or not, and with all leaves", () => {
    expect(standby("gated/g2")).toEqual([
      ...["flat/f1", "flat/f2"],
      ...["gated/leaf", "gated/other"],
      ...["twin/t1", "twin/t2"],
    ]);
  });

  it("are on the gateway in use with other clusters' standbys, and with who would be its own gateway", () => {
    expect(standby("gated/g1")).toEqual(["twin/t2"]);
    expect(standby("twin/t1")).toEqual(["gated/g2"]);
    const pods = { podCIDRs: ["10.1.3.0/24"] };
    const nodes = gated.cluster.nodes.map((one) =>
      one.name === "g1" ? { ...one, ...pods } : one,
    );
    const mixed = { ...gated, cluster: { ...gated.cluster, nodes } };
    expect(standby("gated/g1", [mixed, flat])).toEqual(["gated/g2"]);
    expect(standby("gated/g2", [mixed, flat])).toContain("gated/g1");
  });

  it("are none where there is nothing to stand by for", () => {
    expect(standby("gated/g2", [gated])).toEqual([]);
    expect(standby("flat/f1", [flat])).toEqual([]);
  });

  it("are none by IKE, and none of a static key", () => {
    const byIke = { ...gated.cluster, keying: "ike" as const };
    const files = [{ ...gated, cluster: byIke }, flat];
    for (const place of places(files))
      expect(standby(place, files)).toEqual([]);
    for (const place of places([gated, flat])) {
      const mesh = meshAt([gated, flat], place, { keyring: staticKeyring });
      expect(mesh.standby).toEqual([]);
    }
  });

  it("share no reqid with a peer by IKE, whose templates take any source", () => {
    const end = { cluster: "gated", node: "g2" };
    let name = "";
    for (let i = 0; name === ""; i += 1) {
      const tried = { cluster: "roaming", node: `r${String(i)}` };
      if (deriveReqid(tried) === deriveReqid(end)) name = tried.node;
    }
    const roaming = cluster("roaming", {
      keying: "ike",
      nodes: [
        node(name, "192.168.4.1", {
          initiate: true,
          podCIDRs: ["10.4.0.0/24"],
        }),
      ],
    });
    const mesh = meshAt([gated, flat, roaming], "flat/f1");
    expect(mesh.ike).toHaveLength(1);
    const templates = mesh.policies.flatMap(({ templates: t }) => t);
    const held = standingBy(mesh);
    expect(held.length).toBeGreaterThan(0);
    for (const sa of held)
      expect(templates.filter((one) => fits(one, sa))).toEqual([]);
  });
});
