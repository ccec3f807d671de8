import type { Claim } from "../../conf/claims.ts";
import {
  type ClusterReader,
  clusterReader,
  type ClusterSource,
} from "../../conf/clusters.ts";
import { type Keyring, keyringReader } from "../../conf/keyring.ts";
import type { Cidr } from "../../ip/cidr.ts";
import { isSameWhereabouts } from "../ike/whereabouts.ts";
import { desiredMesh, type MeshInput } from "../mesh/desired.ts";
import { keptFor } from "../mesh/kept.ts";
import { keptForNothing, type MeshMemory, meshMemory } from "../mesh/memory.ts";
import type { DesiredMesh } from "../mesh/state.ts";
import { claimOf } from "./claim.ts";
import { type CountersReader, countersReader } from "./keys/counters.ts";

/**
 * Reads the files that a node follows from, and works out what follows. Whoever looks again by the same reader gets the same
 * objects as long as the files say the same: at 20,000 nodes that is most of a look.
 */
export interface MeshReader {
  readonly clusters: ClusterReader;
  /** There is the mesh's own, and one a pair of clusters. */
  readonly keyring: (path: string) => Keyring;
  readonly claim: (source: ClusterSource) => Claim;
  /** How far SAs have counted. */
  readonly counters: CountersReader;
  readonly mesh: (input: MeshInput) => DesiredMesh;
}

/** One that has read nothing yet, for who looks again and again. */
export function lastingReader(): MeshReader {
  return meshReader(meshMemory());
}

/** A reader that has read nothing yet. */
export function meshReader(
  memory: MeshMemory = meshMemory(keptForNothing),
): MeshReader {
  return {
    clusters: clusterReader(),
    keyring: keyringReader(),
    claim: keptFor((source: ClusterSource) =>
      claimOf(source, memory.networksOf),
    ),
    counters: countersReader(),
    mesh: meshMaker(memory),
  };
}

function meshMaker(memory: MeshMemory): MeshReader["mesh"] {
  let last:
    { readonly input: MeshInput; readonly mesh: DesiredMesh } | undefined;
  return (input) => {
    if (last === undefined || !isSame(last.input, input))
      last = { input, mesh: desiredMesh(input, memory) };
    return last.mesh;
  };
}

/** Files' objects are the same where their texts are; the node's own CIDRs are found anew each time. */
function isSame(one: MeshInput, other: MeshInput): boolean {
  return (
    one.clusters === other.clusters &&
    one.self.source === other.self.source &&
    one.self.node === other.self.node &&
    one.keyring === other.keyring &&
    sameKeyrings(one.keyrings, other.keyrings) &&
    textOf(one.localCidrs) === textOf(other.localCidrs) &&
    isSameWhereabouts(one.whereabouts, other.whereabouts)
  );
}

function sameKeyrings(
  one: MeshInput["keyrings"] = new Map<string, Keyring>(),
  other: MeshInput["keyrings"] = new Map<string, Keyring>(),
): boolean {
  return (
    one.size === other.size &&
    [...one].every(([name, keyring]) => other.get(name) === keyring)
  );
}

function textOf(cidrs: readonly Cidr[]): string {
  return cidrs.map(({ text }) => text).join();
}
