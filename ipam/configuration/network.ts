import { join } from "node:path";
import type { Request } from "../../cni/request.ts";
import type { Route } from "../../cni/result.ts";
import type { Address } from "../../ip/cidr.ts";
import {
  asSection,
  field,
  type ConfigurationSection,
  sectionField,
  textField,
  unusable,
} from "./fields.ts";
import { readOptionalAddress, readRange } from "./range.ts";
import { type RangeSource, readRangeSets } from "./ranges.ts";
import { requestedAddresses } from "./requested.ts";
import { readRoutes } from "./routes.ts";

/** A network configuration as the IPAM helper understands it. */
export interface IpamConfiguration {
  readonly network: string;
  /** The network's folder in the store. */
  readonly directory: string;
  readonly sources: readonly RangeSource[];
  readonly requested: readonly Address[];
  readonly routes: readonly Route[];
  readonly resolvConf?: string;
  /** Where to learn about the mesh, in the words of the chained plugin's configuration. */
  readonly clustersDir?: string;
  readonly node?: string;
}

/** Where host-local keeps its networks. */
export const defaultDataDir = "/var/lib/cni/networks";

/**
 * Reads the `ipam` section, and of the rest what concerns it, in host-local's order: the range sets are
 * `runtimeConfig.ipRanges`, then `subnet` with its range, then `ranges`. Keys that host-local doesn't know are ignored.
 *
 * @throws CniError 7 with the pointer of what is wrong, 4 for CNI_ARGS
 */
export function readConfiguration(request: Request): IpamConfiguration {
  const root = asSection(request.config, "");
  const ipam = sectionField(root, "ipam");
  if (ipam === undefined) throw unusable("/ipam", "the key is missing");
  const network = textField(root, "name") ?? "";
  const text = (key: string): object => {
    const value = textField(ipam, key);
    return value === undefined ? {} : { [key]: value };
  };
  return {
    network,
    directory: networkDirectory(textField(ipam, "dataDir"), network),
    sources: readSources(root, ipam),
    requested: requestedAddresses(request, root),
    routes: readRoutes(ipam),
    ...text("resolvConf"),
    ...text("clustersDir"),
    ...text("node"),
  };
}

/** A network's folder; `dataDir` is host-local's default when undefined. */
export function networkDirectory(
  dataDir: string | undefined,
  network: string,
): string {
  return join(dataDir ?? defaultDataDir, network);
}

function readSources(
  root: ConfigurationSection,
  ipam: ConfigurationSection,
): readonly RangeSource[] {
  const runtime = sectionField(root, "runtimeConfig");
  const sources = [
    ...(runtime ? readSets(runtime, "ipRanges") : []),
    ...readLegacy(ipam),
    ...readSets(ipam, "ranges"),
  ];
  return sources.length > 0 ? sources : ["auto"];
}

function readSets(
  section: ConfigurationSection,
  key: string,
): readonly RangeSource[] {
  return readRangeSets(field(section, key) ?? [], `${section.pointer}/${key}`);
}

const REST_OF_RANGE = ["rangeStart", "rangeEnd", "gateway"];

/** The one range that may stand in the `ipam` section itself. */
function readLegacy(ipam: ConfigurationSection): readonly RangeSource[] {
  const subnet = field(ipam, "subnet");
  if (subnet === undefined) {
    // Without a subnet they mean nothing, but a slip in them is told all the same
    for (const key of REST_OF_RANGE) readOptionalAddress(ipam, key);
    return [];
  }
  if (subnet !== "auto") return [[readRange(ipam)]];
  const extra = REST_OF_RANGE.find((key) => field(ipam, key) !== undefined);
  if (extra === undefined) return ["auto"];
  throw unusable(
    `${ipam.pointer}/${extra}`,
    'it cannot go with "subnet": "auto", whose addresses are only known on the node',
  );
}
