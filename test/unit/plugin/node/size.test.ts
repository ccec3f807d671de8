import { expect, it } from "vitest";
import type { ClusterSource } from "../../../../conf/clusters.ts";
import { ownHeap } from "../../../../plugin/agent/heap.ts";
import { chooseKeys } from "../../../../plugin/node/keys/choose.ts";
import { planNode } from "../../../../plugin/node/plan.ts";
import { NOTHING } from "../../../../plugin/node/state.ts";
import { cluster, meshAt, node } from "../../../support/mesh/mesh.ts";

const PEERS = 4000;

/** Nodes with addresses and pods of both families, in two clusters. */
function clusters(): ClusterSource[] {
  const some = (name: string, net: number, count: number): ClusterSource =>
    cluster(name, {
      nodes: Array.from({ length: count }, (_, i) => {
        const [high, low] = [i >> 8, i & 0xff].map(String);
        const hex = i.toString(16);
        return {
          ...node(`${name}${i}`, `172.${net}.${high}.${low}`, {
            podCIDRs: [
              `10.${net + Number(high)}.${low}.0/24`,
              `fd00:${net}:0:${hex}::/64`,
            ],
          }),
          ips: [`172.${net}.${high}.${low}`, `fd01:${net}::${hex}`],
        };
      }),
    });
  return [some("a", 16, 1), some("b", 32, PEERS)];
}

/** In bytes, of what nothing but the result holds. */
function sizeOf(make: () => unknown): number {
  ownHeap.collect();
  const before = process.memoryUsage().heapUsed;
  const made = make();
  ownHeap.collect();
  const after = process.memoryUsage().heapUsed;
  return made === undefined ? 0 : after - before;
}

/** All that a node without anything lacks. */
function planAll(sources: readonly ClusterSource[]) {
  const mesh = meshAt(sources, "a/a0");
  const now = { milliseconds: 1 };
  const keys = chooseKeys(mesh, {
    note: {
      isKnown: false,
      milliseconds: undefined,
      sent: new Map(),
      secrets: new Map(),
      moved: new Map(),
    },
    associations: [],
    wasLinked: false,
    before: now,
    after: now,
  });
  const plan = planNode(
    {
      ...NOTHING,
      associations: keys.associations,
      policies: {
        *[Symbol.iterator]() {
          for (const { policies } of mesh.protecting) yield* policies;
        },
      },
    },
    { associations: [], policies: [], routes: [], sysctls: new Map() },
  );
  return { mesh, keys, plan };
}

it("a plan of a node that lacks everything takes some 2 kB a tunnel, not the 5 kB of all its steps", () => {
  const sources = clusters();
  let steps = 0;
  const size = sizeOf(() => {
    const made = planAll(sources);
    steps = [...made.plan.protect].length;
    return made;
  });
  // Two tunnels a peer: one a family, of three policies and three SAs each.
  expect(steps).toBe(PEERS * 2 * 6);
  expect(size / (PEERS * 2)).toBeLessThan(3000);
});
