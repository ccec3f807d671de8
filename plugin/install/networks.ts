import { isObject } from "../../cni/configuration.ts";
import { isCrosslinkEntry, pluginsOf } from "./conflist-text.ts";
import { isReadable, listConfigurations, readConflist } from "./conflists.ts";

/** A network whose addresses crosslink-ipam gives out. */
export interface IpamNetwork {
  readonly network: string;
  /** Where it keeps them; crosslink-ipam's default where undefined. */
  readonly dataDir: string | undefined;
}

/** The networks of a folder's conflists that take their addresses from crosslink-ipam, by a plugin's delegate too. */
export function ipamNetworks(folder: string): IpamNetwork[] {
  return conflists(folder).flatMap((conflist) => {
    const network = conflist["name"];
    if (typeof network !== "string") return [];
    return ipamSections(conflist).map(({ dataDir }) => ({
      network,
      dataDir: typeof dataDir === "string" ? dataDir : undefined,
    }));
  });
}

/** The name of the network that the runtime uses, where crosslink is in its chain. */
export function runtimeNetwork(folder: string): string | undefined {
  const [conflist] = conflists(folder);
  if (conflist === undefined) return undefined;
  const isLinked = pluginsOf(JSON.stringify(conflist)).some(isCrosslinkEntry);
  const name = conflist["name"];
  return isLinked && typeof name === "string" ? name : undefined;
}

function conflists(folder: string): Record<string, unknown>[] {
  return listConfigurations(folder)
    .filter(isReadable)
    .map((path) => JSON.parse(readConflist(path)) as unknown)
    .filter(isObject);
}

/** Wherever an "ipam" section of ours stands. */
function ipamSections(value: unknown): Record<string, unknown>[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "ipam" && isObject(inner) && inner["type"] === "crosslink-ipam"
      ? [inner]
      : ipamSections(inner),
  );
}
