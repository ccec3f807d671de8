import type { Access } from "../api/access.ts";
import type { ApiObject } from "../api/object.ts";
import { SERVED } from "../names.ts";
import type { ClusterObject, SliceObject } from "../kinds.ts";
import { ownCni, ownNodes } from "./own-nodes.ts";
import { type NetworkObjects, ownNetworks } from "./own-networks.ts";
import { nextStatus, type Verdict, writeStatus } from "./status.ts";
import { writeSlices } from "./write-slices.ts";

/** What this cluster's API server has of this cluster. */
export interface Found extends NetworkObjects {
  readonly nodes: readonly ApiObject[];
  readonly slices: readonly SliceObject[];
}

/**
 * Brings this cluster's own slices and status to what was found; its spec is its admin's.
 *
 * @returns whether all was
 */
export async function publishOwn(
  access: Access,
  own: ClusterObject,
  found: Found,
): Promise<Verdict> {
  const { name, annotations = {} } = own.metadata;
  // Most clusters have the same ServiceCIDR: to tell others of it unasked would be to overlap with them.
  const services = annotations[SERVED] === "true" ? found.services : [];
  const networks = ownNetworks({ ...found, services }, own.spec["podCIDRs"]);
  const { nodes, problems, origins } = ownNodes(found.nodes, networks.blocks);
  const cni = ownCni(found.nodes);
  const have = found.slices.filter(({ spec }) => spec.cluster === name);
  const slices = await writeSlices(access, name, { nodes, have });
  const all = [...problems, ...networks.problems];
  const words = {
    discovered: {
      ...(cni === undefined ? {} : { cni: cni.cni }),
      ...networks.discovered,
    },
    origins: {
      ...(cni === undefined ? {} : { cni: cni.origin }),
      ...networks.origins,
      ...origins,
    },
    nodes: nodes.length,
    slices,
  };
  const verdict = {
    ready: all.length === 0,
    reason: all.length === 0 ? "Published" : "NodesLeftOut",
    message: all.join("; "),
  };
  const status = nextStatus(own, words, { verdict, now: Date.now() });
  await writeStatus(access, own, status);
  return verdict;
}
