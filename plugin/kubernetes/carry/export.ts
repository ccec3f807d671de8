import type { Access } from "../api/access.ts";
import { list } from "../api/list.ts";
import { asSlice, wordsOf } from "../kinds.ts";
import { lookHere } from "../join/here.ts";
import { API_VERSION, PATHS } from "../names.ts";

/** Words of a Cluster that are this API server's own, or that nobody takes from another. */
const KEPT = ["local", "peer", "encryption", "name", "nodes", "managedBy"];

/**
 * This cluster as others may know it, a `List` for `crosslink import` or kubectl: its Cluster, with what was discovered, and its
 * nodes. No secret is in it.
 *
 * @throws CniError 7 where this cluster has no name yet; rejects with ApiError
 */
export async function exportOwn(access: Access): Promise<string> {
  const { own } = await lookHere(access);
  const { name } = own.metadata;
  const { objects } = await list(access, { path: PATHS.slices });
  const words = wordsOf(own);
  const spec = Object.fromEntries(
    Object.entries(words).filter(([key]) => !KEPT.includes(key)),
  );
  const slices = objects
    .map(asSlice)
    .filter((slice) => slice.spec.cluster === name);
  const apiVersion = API_VERSION;
  const items = [
    { apiVersion, kind: "Cluster", metadata: { name }, spec },
    ...slices.map((slice) => ({
      apiVersion,
      kind: "ClusterNodes",
      metadata: {
        name: slice.metadata.name,
        labels: { "crosslink.io/cluster": name },
      },
      spec: slice.spec,
    })),
  ];
  const object = { apiVersion: "v1", kind: "List", items };
  return `${JSON.stringify(object, undefined, 2)}\n`;
}
