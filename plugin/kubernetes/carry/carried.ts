import { isObject } from "../../../cni/configuration.ts";
import { CniError, ErrorCode } from "../../../cni/error.ts";
import { asObject } from "../api/object.ts";
import {
  asCluster,
  asSlice,
  type ClusterObject,
  type SliceObject,
} from "../kinds.ts";
import { API_VERSION } from "../names.ts";

/** One cluster, as others may know it: what is carried from one API server to another by hand. */
export interface CarriedCluster {
  readonly cluster: ClusterObject;
  readonly slices: readonly SliceObject[];
}

/**
 * Reads what `crosslink export` printed, or what somebody wrote like it, JSON.
 *
 * @throws CniError 7 for what is none
 */
export function readCarried(text: string): CarriedCluster {
  const value = parse(text);
  const items = isObject(value) ? value["items"] : undefined;
  const objects = (Array.isArray(items) ? (items as unknown[]) : [])
    .filter(isObject)
    .filter(({ apiVersion }) => apiVersion === API_VERSION);
  const ofKind = (kind: string) =>
    objects
      .filter((object) => object["kind"] === kind)
      .flatMap((object) => asObject(object) ?? []);
  const [cluster, ...more] = ofKind("Cluster").map(asCluster);
  if (cluster === undefined || more.length > 0)
    throw refuse(
      cluster === undefined
        ? `it has no Cluster of ${API_VERSION}`
        : "it has several Clusters",
    );
  return { cluster, slices: ofKind("ClusterNodes").map(asSlice) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw refuse("it is no JSON");
  }
}

function refuse(fact: string): CniError {
  return new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot import a cluster: ${fact}`,
    { details: "give the file that `crosslink export` printed there" },
  );
}
