import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addressInCidr,
  type Cidr,
  cidrOf,
  parseAddress,
  parseCidr,
} from "../../../../ip/cidr.ts";
import type { ClusterSource } from "../../../../conf/clusters.ts";
import type { Node } from "../../../../conf/generated/cluster.ts";
import { type IpPrefix, formatAddress } from "../../../../native/address.ts";
import type { SecurityPolicy } from "../../../../native/xfrm/sp.ts";
import type { DesiredMesh } from "../../../../plugin/mesh/state.ts";
import { meshes, places } from "../../../support/mesh/arbitrary.ts";
import { fenceAt, meshAt, selfAt } from "../../../support/mesh/mesh.ts";

/** A node of a gateway-mode cluster, its gateway's mesh, and one pod of its with a remote one. */
interface Leg {
  readonly gateway: DesiredMesh;
  readonly mesh: DesiredMesh;
  readonly gate: Node;
  readonly node: Node;
  readonly pod: Cidr;
  readonly remote: Cidr;
}

/** A node's mesh with all policies that its kernel gets. */
function behindFence(
  clusters: readonly ClusterSource[],
  place: string,
): DesiredMesh {
  const mesh = meshAt(clusters, place);
  if (mesh.role === "plain") return mesh;
  return {
    ...mesh,
    policies: [...fenceAt(clusters, place), ...mesh.policies],
  };
}

/** All of a mesh, the gateway with itself included. */
function legsIn(clusters: readonly ClusterSource[]): Leg[] {
  return places(clusters).flatMap((place) => {
    const { source, node } = selfAt(clusters, place);
    const gate = source.cluster.nodes.find(({ gateway }) => gateway);
    const mesh = behindFence(clusters, place);
    if (
      gate === undefined ||
      source.cluster.mode !== "gateway" ||
      mesh.role === "plain"
    )
      return [];
    const gateway = behindFence(
      clusters,
      `${source.cluster.name}/${gate.name}`,
    );
    const pods = (node.podCIDRs ?? []).map(parseCidr);
    return mesh.exemptions
      .filter(({ encrypted }) => encrypted)
      .flatMap(({ remote }) =>
        pods
          .filter(({ family }) => family === remote.family)
          .map((pod) => ({ pod, remote })),
      )
      .map((ends) => ({ gateway, mesh, gate, node, ...ends }));
  });
}

function check(which: DesiredMesh["role"], property: (leg: Leg) => void): void {
  let seen = 0;
  fc.assert(
    fc.property(meshes({ min: 2, max: 4 }), (clusters) => {
      const legs = legsIn(clusters).filter(({ mesh }) => mesh.role === which);
      legs.forEach(property);
      seen += legs.length;
    }),
    { numRuns: 100 },
  );
  expect(seen).toBeGreaterThan(0);
}

/** What becomes of a packet by the policy that the kernel finds, of all that match the one with the lowest number: "block", "clear", or a tunnel's ends. */
function fate(
  { policies }: DesiredMesh,
  direction: string,
  source: Uint8Array,
  destination: Uint8Array,
): string | undefined {
  const holds = ({ address, length }: IpPrefix, one: Uint8Array): boolean =>
    address.length === one.length &&
    addressInCidr(one, cidrOf(address, length));
  const [found] = policies
    .filter((policy) => policy.direction === direction)
    .filter(
      ({ selector }) =>
        holds(selector.source, source) &&
        holds(selector.destination, destination),
    )
    .sort((a, b) => a.priority - b.priority);
  return found === undefined || found.action === "block"
    ? found?.action
    : ends(found);
}

function ends({ templates: [template] }: SecurityPolicy): string {
  return template === undefined
    ? "clear"
    : `${formatAddress(template.source)} > ${formatAddress(template.destination)}`;
}

/** Of the packets' family where both have such addresses, else of the other; "block" where they have none in common. */
function tunnel(from: Node, to: Node, inner: 4 | 6): string {
  const first = ({ ips }: Node, family: 4 | 6): string | undefined =>
    ips.map(parseAddress).find((address) => address.family === family)?.text;
  const other = inner === 4 ? 6 : 4;
  const both = ([inner, other] as const).map((family) => [
    first(from, family),
    first(to, family),
  ]);
  return both.find((pair) => !pair.includes(undefined))?.join(" > ") ?? "block";
}

describe("desiredMesh() inside of a gateway-mode cluster", () => {
  it("leads from leaf to gateway and back by one tunnel, or by nothing", () => {
    check("leaf", ({ gateway, mesh, gate, node, pod, remote }) => {
      const [there, back] = [
        tunnel(node, gate, pod.family),
        tunnel(gate, node, pod.family),
      ];
      expect(fate(mesh, "out", pod.bytes, remote.bytes)).toBe(there);
      expect(fate(gateway, "fwd", pod.bytes, remote.bytes)).toBe(there);
      expect(fate(gateway, "out", remote.bytes, pod.bytes)).toBe(back);
      expect(fate(mesh, "fwd", remote.bytes, pod.bytes)).toBe(back);
      expect(fate(mesh, "in", remote.bytes, pod.bytes)).toBe(back);
    });
  });

  it("passes nothing on from or to an address of the cluster that no node has", () => {
    check("leaf", ({ gateway, pod, remote }) => {
      // Nodes' shares are numbered from 0.
      const at = pod.family === 4 ? 2 : 7;
      const stray = pod.bytes.with(at, pod.bytes[at]! + 100);
      expect(fate(gateway, "fwd", stray, remote.bytes)).toBe("block");
      expect(fate(gateway, "out", remote.bytes, stray)).toBe("block");
    });
  });

  it("passes the gateway's own pods without a second tunnel", () => {
    check("tunnel", ({ mesh, pod, remote }) => {
      expect(fate(mesh, "fwd", pod.bytes, remote.bytes)).toBe("clear");
      expect(fate(mesh, "out", remote.bytes, pod.bytes)).toBe("clear");
    });
  });

  it("has one SA for what one end sends and the other accepts", () => {
    check("leaf", ({ gateway, mesh, gate, node }) => {
      const text = (one: DesiredMesh, name: string): string[] =>
        one.peers
          .filter((peer) => peer.node === name)
          .flatMap(({ spisOut, accepted }) =>
            [spisOut, accepted[0]?.spis].map(String),
          );
      const [out, back] = text(mesh, gate.name);
      expect(text(gateway, node.name)).toEqual(
        out === undefined ? [] : expect.arrayContaining([back, out]),
      );
      const keys = (one: DesiredMesh): Map<string, string> =>
        new Map(
          one.associations.map((sa) => [
            `${formatAddress(sa.destination)} ${String(sa.spi)}`,
            Buffer.from(sa.aead.key.bytes()).toString("hex"),
          ]),
        );
      const [ours, theirs] = [keys(mesh), keys(gateway)];
      const sent = (one: DesiredMesh, name: string): string[] =>
        one.peers
          .filter((peer) => peer.node === name)
          .map(
            ({ remote, spisOut: [first] }) =>
              `${formatAddress(remote)} ${String(first)}`,
          );
      for (const sa of [...sent(mesh, gate.name), ...sent(gateway, node.name)])
        expect([ours.get(sa), theirs.get(sa)]).toEqual([
          expect.any(String),
          ours.get(sa),
        ]);
    });
  });
});
