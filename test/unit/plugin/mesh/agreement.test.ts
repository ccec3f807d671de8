import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  cidrContains,
  cidrOf,
  cidrOverlaps,
  parseCidr,
} from "../../../../ip/cidr.ts";
import type { ClusterSource } from "../../../../conf/clusters.ts";
import type { Keyring } from "../../../../conf/keyring.ts";
import {
  type IpPrefix,
  formatAddress,
  formatPrefix,
} from "../../../../native/address.ts";
import type { SecurityPolicy } from "../../../../native/xfrm/sp.ts";
import type { DesiredMesh, Peer } from "../../../../plugin/mesh/state.ts";
import {
  associationText,
  fenceAt,
  keyring,
  meshAt,
  policyText,
  selfAt,
  staticKeyring,
} from "../../../support/mesh/mesh.ts";
import { meshes, places } from "../../../support/mesh/arbitrary.ts";
import { arrivesAt, wire } from "../../../support/mesh/wire.ts";

/** Every node's mesh, by place. */
function all(
  clusters: readonly ClusterSource[],
  keys: Keyring = keyring(2, [1, 2]),
): Map<string, DesiredMesh> {
  return new Map(
    places(clusters).map((place) => [
      place,
      meshAt(clusters, place, { keyring: keys }),
    ]),
  );
}

function check(
  size: { min: number; max: number },
  property: (clusters: ClusterSource[]) => void,
): void {
  fc.assert(fc.property(meshes(size), property), { numRuns: 150 });
}

/** The same mesh with derived and with static keys, which cannot serve ESP and UDP at one address. */
function bothKeyrings(clusters: readonly ClusterSource[]): DesiredMesh[] {
  const esp = clusters.map((source) => ({
    ...source,
    cluster: { ...source.cluster, encap: "esp" as const },
  }));
  return [
    ...all(clusters, keyring(1, [1, 2, 3])).values(),
    ...all(esp, staticKeyring).values(),
  ];
}

function textOf(prefix: IpPrefix): string {
  return formatPrefix(prefix);
}

function protecting(mesh: DesiredMesh, direction: string): SecurityPolicy[] {
  return mesh.policies.filter(
    (policy) => policy.action === "allow" && policy.direction === direction,
  );
}

describe("desiredMesh() at the two ends of a tunnel", () => {
  it("has one SA for what one end sends and the other accepts, with derived keys", () => {
    check({ min: 2, max: 4 }, (clusters) => {
      const nodes = all(clusters);
      for (const [place, mesh] of nodes) {
        for (const peer of mesh.peers) {
          const outbound = mesh.associations.filter(
            (sa) =>
              formatAddress(sa.destination) === formatAddress(peer.remote) &&
              peer.spisOut.includes(sa.spi),
          );
          expect(outbound).toHaveLength(1);
          const far = nodes.get(`${peer.cluster}/${peer.node}`)!;
          const accepted = far.associations.map((sa) => wire(clusters, sa));
          expect(accepted, `${place} to ${peer.node}`).toContain(
            wire(clusters, outbound[0]!),
          );
        }
      }
    });
  });

  it("has peers both ways", () => {
    check({ min: 2, max: 4 }, (clusters) => {
      const nodes = all(clusters);
      for (const [place, mesh] of nodes) {
        for (const peer of mesh.peers) {
          const back = nodes
            .get(`${peer.cluster}/${peer.node}`)!
            .peers.filter(
              (candidate) => `${candidate.cluster}/${candidate.node}` === place,
            );
          expect(back.map(({ accepted }) => accepted[0]?.spis)).toContainEqual(
            peer.spisOut,
          );
          expect(
            back.map(({ localCidrs }) => localCidrs.map(({ text }) => text)),
          ).toContainEqual(peer.remoteCidrs.map(({ text }) => text));
        }
      }
    });
  });

  it("lets in and passes on what the other end sends through the same tunnel", () => {
    check({ min: 2, max: 4 }, (clusters) => {
      const nodes = all(clusters);
      for (const { peers } of nodes.values()) {
        for (const peer of peers) {
          const far = nodes.get(`${peer.cluster}/${peer.node}`)!;
          for (const policy of ["in", "fwd"].flatMap((direction) =>
            welcoming(far, direction, peer),
          )) {
            const [template] = policy!.templates;
            expect(arrivesAt(clusters, formatAddress(template!.source))).toBe(
              formatAddress(peer.local),
            );
          }
        }
      }
    });
  });
});

/** The far end's policies for what its peer may send; undefined where one is missing. */
function welcoming(
  far: DesiredMesh,
  direction: string,
  peer: Peer,
): (SecurityPolicy | undefined)[] {
  const bySelector = new Map(
    protecting(far, direction).map((policy) => [
      `${textOf(policy.selector.source)} ${textOf(policy.selector.destination)}`,
      policy,
    ]),
  );
  return peer.localCidrs.flatMap((local) =>
    peer.remoteCidrs
      .filter(({ family }) => family === local.family)
      .map((remote) => bySelector.get(`${local.text} ${remote.text}`)),
  );
}

describe("desiredMesh() on one node", () => {
  it("has no two SAs that the kernel would take for one", () => {
    check({ min: 2, max: 5 }, (clusters) => {
      for (const { associations } of bothKeyrings(clusters)) {
        const identities = associations.map(
          (sa) => `${formatAddress(sa.destination)} ${String(sa.spi)}`,
        );
        expect(new Set(identities).size).toBe(identities.length);
      }
    });
  });

  it("has no two policies that the kernel would take for one", () => {
    check({ min: 2, max: 5 }, (clusters) => {
      for (const { policies } of all(clusters).values()) {
        const identities = policies.map(
          ({ direction, selector }) =>
            `${direction} ${textOf(selector.source)} ${textOf(selector.destination)}`,
        );
        expect(new Set(identities).size).toBe(identities.length);
      }
    });
  });

  it("demands of each template an SA that it has", () => {
    check({ min: 2, max: 4 }, (clusters) => {
      for (const { associations, policies } of bothKeyrings(clusters)) {
        const served = new Set(
          associations.map(
            (sa) =>
              `${formatAddress(sa.source)} ${formatAddress(sa.destination)} ${String(sa.reqid)}`,
          ),
        );
        for (const { source, destination, reqid } of policies.flatMap(
          ({ templates }) => templates,
        )) {
          expect(served).toContain(
            `${formatAddress(source)} ${formatAddress(destination)} ${String(reqid)}`,
          );
        }
      }
    });
  });

  it("blocks toward every remote CIDR, from it and through it", () => {
    check({ min: 2, max: 4 }, (clusters) => {
      for (const [place, mesh] of all(clusters)) {
        if (mesh.role === "plain") continue;
        const far = mesh.exemptions
          .filter(({ encrypted }) => encrypted)
          .map(({ remote }) => remote);
        const blocked = fenceAt(clusters, place);
        const covers = (
          prefix: IpPrefix,
          remote: (typeof far)[number],
        ): boolean =>
          prefix.length > 0 &&
          cidrContains(cidrOf(prefix.address, prefix.length), remote);
        const [own] = place.split("/");
        const peers = mesh.peers.filter((peer) => peer.cluster !== own);
        for (const remote of [
          ...far,
          ...peers.flatMap(({ remoteCidrs }) => remoteCidrs),
        ]) {
          for (const direction of ["out", "in", "fwd"]) {
            const found = blocked.filter(
              (policy) =>
                policy.direction === direction &&
                covers(
                  direction === "out"
                    ? policy.selector.destination
                    : policy.selector.source,
                  remote,
                ),
            );
            expect(found, `${place} ${direction} ${remote.text}`).toHaveLength(
              1,
            );
          }
        }
      }
    });
  });

  it("has no policy for what its own cluster's pods tell each other", () => {
    check({ min: 2, max: 4 }, (clusters) => {
      for (const [place, { policies }] of all(clusters)) {
        const { cluster } = selfAt(clusters, place).source;
        const shares = cluster.nodes.flatMap(({ podCIDRs }) => podCIDRs ?? []);
        const own = [...cluster.podCIDRs, ...shares].map(parseCidr);
        const catches = ({ address, length }: IpPrefix): boolean =>
          own.some((cidr) => cidrOverlaps(cidr, cidrOf(address, length)));
        for (const { selector } of policies)
          expect(
            catches(selector.source) && catches(selector.destination),
          ).toBe(false);
      }
    });
  });

  it("gives the same whatever the order of the files", () => {
    check({ min: 2, max: 4 }, (clusters) => {
      const shuffled = [...clusters].reverse();
      for (const place of places(clusters))
        expect(readable(meshAt(shuffled, place))).toEqual(
          readable(meshAt(clusters, place)),
        );
    });
  });

  it("keeps its SAs and policies when a cluster is added", () => {
    check({ min: 3, max: 5 }, (clusters) => {
      const before = clusters.slice(0, -1);
      for (const place of places(before)) {
        const after = meshAt(clusters, place);
        const texts = [
          after.associations.map(associationText),
          after.policies.map(policyText),
        ].flat();
        const mesh = meshAt(before, place);
        expect(texts).toEqual(
          expect.arrayContaining([
            ...mesh.associations.map(associationText),
            ...mesh.policies.map(policyText),
          ]),
        );
      }
    });
  });
});

function readable(mesh: DesiredMesh): unknown {
  const { associations, series, policies, ...rest } = mesh;
  return {
    ...rest,
    series: series.map(({ outbound, inbound }) =>
      [outbound, ...inbound].map((one) => [one.name(), one.spis]),
    ),
    associations: associations.map(associationText),
    policies: policies.map(policyText),
  };
}

describe("desiredMesh() while keys are changed", () => {
  const phases = [
    keyring(1, [1]),
    keyring(1, [1, 2]),
    keyring(2, [1, 2]),
    keyring(2, [2]),
  ];

  it.each([0, 1, 2])(
    "accepts what any node sends, in step %i, whichever nodes have taken it",
    (step) => {
      const subset = fc.array(fc.boolean(), { minLength: 12, maxLength: 12 });
      fc.assert(
        fc.property(meshes({ min: 2, max: 3 }), subset, (clusters, taken) => {
          const names = places(clusters);
          const nodes = new Map(
            names.map((place, i) => [
              place,
              meshAt(clusters, place, {
                keyring: phases[taken[i] === true ? step + 1 : step]!,
              }),
            ]),
          );
          for (const mesh of nodes.values()) {
            for (const peer of mesh.peers) {
              const sent = mesh.associations.find(
                (sa) =>
                  peer.spisOut.includes(sa.spi) &&
                  formatAddress(sa.destination) === formatAddress(peer.remote),
              );
              const accepted = nodes
                .get(`${peer.cluster}/${peer.node}`)!
                .associations.map((sa) => wire(clusters, sa));
              expect(accepted).toContain(wire(clusters, sent!));
            }
          }
        }),
        { numRuns: 100 },
      );
    },
  );
});
