import { CniError, ErrorCode } from "../../../cni/error.ts";
import { type Cidr } from "../../../ip/cidr.ts";
import type { Access } from "../api/access.ts";
import { list } from "../api/list.ts";
import { asCluster, asSlice, type ClusterObject } from "../kinds.ts";
import { PATHS } from "../names.ts";
import { networksOf, readNetworks } from "./preflight.ts";

/** What an API server has of the mesh. */
export interface Here {
  readonly own: ClusterObject;
  readonly clusters: readonly ClusterObject[];
  /** Networks as others see them, by cluster. */
  readonly networks: ReadonlyMap<string, readonly Cidr[]>;
}

/** Reads it. @throws CniError 7 where this cluster has no name yet */
export async function lookHere(access: Access): Promise<Here> {
  const clusters = (await list(access, { path: PATHS.clusters })).objects.map(
    asCluster,
  );
  const slices = (await list(access, { path: PATHS.slices })).objects.map(
    asSlice,
  );
  const own = clusters.find(({ spec }) => spec.local === true);
  if (own === undefined)
    throw new CniError(
      ErrorCode.invalidConfiguration,
      `Cannot join anybody: no Cluster of ${access.server} has local: true`,
      {
        details:
          "run `crosslink install --kubernetes --name CLUSTER --output yaml | kubectl apply -f -`, and wait for its publisher",
      },
    );
  return {
    own,
    clusters,
    networks: new Map(
      clusters.map((one) => [
        one.metadata.name,
        readNetworks(networksOf(one, slices)),
      ]),
    ),
  };
}

/** @throws CniError 7 where a name is taken */
export function requireNew({ own, clusters }: Here, name: string): void {
  if (!clusters.some(({ metadata }) => metadata.name === name)) return;
  throw new CniError(
    ErrorCode.invalidConfiguration,
    own.metadata.name === name
      ? `Cannot join "${name}" with itself`
      : `Cannot join "${name}": there is a Cluster of that name`,
    { details: `use another name, or \`crosslink leave ${name}\` first` },
  );
}
