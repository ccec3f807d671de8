import { CniError, ErrorCode } from "../../../cni/error.ts";
import type { Access } from "../api/access.ts";
import { list } from "../api/list.ts";
import { ask } from "../api/request.ts";
import { asSlice, type ClusterObject } from "../kinds.ts";
import { type Here, lookHere, requireNew } from "../join/here.ts";
import { readNetworks, requireNoOverlap } from "../join/preflight.ts";
import { API_VERSION, PATHS, requireClusterName } from "../names.ts";
import { type Claimed, readClaims } from "../publish/claims.ts";
import { writeSlices } from "../publish/write-slices.ts";
import { newestList } from "../certificates/peer-list.ts";
import type { CarriedCluster } from "./carried.ts";

/** What was done. */
export interface Imported {
  readonly name: string;
  readonly nodes: number;
}

/**
 * Makes another cluster known here, or what it says now: as if it had been read from its API server, and within what it may
 * claim.
 *
 * @param allowed what it may claim, CIDRs
 * @throws CniError 7 for what it may not say, before anything is written; rejects with ApiError
 */
export async function importOther(
  access: Access,
  { cluster, slices }: CarriedCluster,
  allowed: readonly string[],
): Promise<Imported> {
  const { name } = cluster.metadata;
  requireClusterName(name);
  const here = await lookHere(access);
  const networks = readNetworks(allowed);
  requireNoOverlap(name, networks, without(here.networks, name));
  const known = here.clusters.find(({ metadata }) => metadata.name === name);
  requireOurs(here, known);
  const { discovered, nodes } = claimsOf({ cluster, slices }, allowed);
  // First: slices whose Cluster is not there are taken away.
  await ask(access, {
    method: known === undefined ? "POST" : "PUT",
    path: known === undefined ? PATHS.clusters : `${PATHS.clusters}/${name}`,
    body: {
      apiVersion: API_VERSION,
      kind: "Cluster",
      metadata: { name, ...versionOf(known) },
      spec: newestList(discovered, known?.spec),
    },
  });
  const all = (await list(access, { path: PATHS.slices })).objects.map(asSlice);
  const have = all.filter(({ spec }) => spec.cluster === name);
  await writeSlices(access, name, { nodes, have });
  return { name, nodes: nodes.length };
}

function without<Value>(
  map: ReadonlyMap<string, Value>,
  name: string,
): Map<string, Value> {
  return new Map([...map].filter(([key]) => key !== name));
}

/** One that was imported before, or none; one that is read from its API server, or this one, is not to be written over. */
function requireOurs(here: Here, known: ClusterObject | undefined): void {
  if (known?.spec.local === true || known?.spec.peer !== undefined)
    requireNew(here, known.metadata.name);
}

function versionOf(known: ClusterObject | undefined) {
  const resourceVersion = known?.metadata.resourceVersion;
  return resourceVersion === undefined ? {} : { resourceVersion };
}

/** There it is the local one, which is no word of what is carried. */
function claimsOf(
  { cluster, slices }: CarriedCluster,
  allowedCIDRs: readonly string[],
): Claimed {
  const { name } = cluster.metadata;
  const local = { ...cluster, spec: { ...cluster.spec, local: true } };
  const remote = { cluster: local, slices };
  const claimed = readClaims(name, { allowedCIDRs }, remote);
  if (!("reason" in claimed)) return claimed;
  throw new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot import "${name}": ${claimed.message}`.slice(0, 800),
    {
      details:
        "give --cluster-pod-cidrs all that it may claim, or have its admin export it again",
    },
  );
}
