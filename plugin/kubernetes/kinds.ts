import { isObject } from "../../cni/configuration.ts";
import type { ApiObject } from "./api/object.ts";

/** A Cluster, as far as its type can be relied on: the API server has checked it, and a peer's was not checked by ours. */
export interface ClusterObject extends ApiObject {
  readonly spec: ClusterSpec;
  readonly status: ClusterStatus;
}

/** What an admin says: words of a cluster file, and whose cluster it is. */
interface ClusterSpec {
  readonly local?: boolean;
  readonly peer?: PeerSpec;
  readonly [word: string]: unknown;
}

/** Where a peer is read, and what it may claim. */
export interface PeerSpec {
  readonly server: string;
  readonly allowedCIDRs: readonly string[];
}

/** What was found, or what a peer says. */
export interface ClusterStatus {
  readonly discovered?: Readonly<Record<string, unknown>>;
  readonly origins?: Readonly<Record<string, string>>;
  readonly nodes?: number;
  readonly slices?: number;
  readonly lastSeen?: string;
  readonly conditions?: readonly Condition[];
  readonly observedGeneration?: number;
}

/** meta/v1 Condition. */
export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
}

/** A slice. */
export interface SliceObject extends ApiObject {
  readonly spec: {
    readonly cluster: string;
    readonly nodes: readonly NodeEntry[];
  };
}

/** A node of a slice: a cluster file's. */
export interface NodeEntry {
  readonly name: string;
  readonly [word: string]: unknown;
}

/** An object as a Cluster, with whatever is missing in it empty. */
export function asCluster(object: ApiObject): ClusterObject {
  const { spec, status } = object as Partial<ClusterObject>;
  return {
    ...object,
    spec: isObject(spec) ? spec : {},
    status: isObject(status) ? status : {},
  };
}

/** Tells a Cluster from one that was made again under its name. */
export function identityOf({ metadata: { name, uid } }: ApiObject): string {
  return uid ?? name;
}

/** An object as a slice; entries without a name are left out. */
export function asSlice(object: ApiObject): SliceObject {
  const { spec } = object as Partial<SliceObject>;
  const given: Readonly<Record<string, unknown>> = isObject(spec) ? spec : {};
  const { cluster, nodes } = given;
  return {
    ...object,
    spec: {
      cluster: typeof cluster === "string" ? cluster : "",
      nodes: Array.isArray(nodes) ? nodes.filter(isEntry) : [],
    },
  };
}

function isEntry(value: unknown): value is NodeEntry {
  return isObject(value) && typeof value["name"] === "string";
}

/** What a cluster is: its admin's words go before what was found there. */
export function wordsOf({
  spec,
  status,
}: ClusterObject): Readonly<Record<string, unknown>> {
  return {
    ...(isObject(status.discovered) ? status.discovered : {}),
    ...spec,
  };
}
