import type { Access } from "../api/access.ts";
import { removeObject } from "../api/remove.ts";
import { ask } from "../api/request.ts";
import type { NodeEntry, SliceObject } from "../kinds.ts";
import { API_VERSION, PATHS } from "../names.ts";
import { sliceChanges, type WantedSlice } from "./slices.ts";

/**
 * Writes a cluster's nodes to its slices, where they differ; removal comes last, so that a node on its way is always in one.
 *
 * @returns how many slices there are then
 */
export async function writeSlices(
  access: Access,
  cluster: string,
  {
    nodes,
    have,
  }: {
    readonly nodes: readonly NodeEntry[];
    readonly have: readonly SliceObject[];
  },
): Promise<number> {
  const changes = sliceChanges(cluster, nodes, have);
  for (const slice of changes.create)
    await ask(access, {
      method: "POST",
      path: PATHS.slices,
      body: bodyOf(cluster, slice),
    });
  for (const { was, ...slice } of changes.update)
    await ask(access, {
      method: "PUT",
      path: `${PATHS.slices}/${slice.name}`,
      body: bodyOf(cluster, slice, was.metadata.resourceVersion),
    });
  for (const { metadata } of changes.remove)
    await removeObject(access, `${PATHS.slices}/${metadata.name}`);
  return changes.count;
}

/** On slices that a publisher wrote: those that an admin applies before their Cluster are not its to remove. */
export const MANAGED = "crosslink.io/written-by";

function bodyOf(
  cluster: string,
  { name, nodes }: WantedSlice,
  resourceVersion?: string,
): object {
  return {
    apiVersion: API_VERSION,
    kind: "ClusterNodes",
    metadata: {
      name,
      labels: { "crosslink.io/cluster": cluster, [MANAGED]: "publisher" },
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    spec: { cluster, nodes },
  };
}
