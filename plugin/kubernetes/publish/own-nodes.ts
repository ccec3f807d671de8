import { isObject } from "../../../cni/configuration.ts";
import { parseAddress, parseCidr } from "../../../ip/cidr.ts";
import { type ApiObject } from "../api/object.ts";
import type { NodeEntry } from "../kinds.ts";
import { ELASTIC_IP, GATEWAY } from "../names.ts";

/** flannel's, backend/common.go: what an admin gave it for the node's public address. */
const FLANNEL_OVERWRITE = "flannel.alpha.coreos.com/public-ip-overwrite";

/** This cluster's nodes as others are told of them. */
export interface OwnNodes {
  readonly nodes: readonly NodeEntry[];
  /** Nodes, or words of them, that are left out, each with the reason. */
  readonly problems: readonly string[];
  /** By word of a node, where it is from, and of how many nodes. */
  readonly origins: Readonly<Record<string, string>>;
}

/**
 * Reads Node objects (core/v1), in the order of their names. Nobody else is asked, no service on the Internet either.
 *
 * @param blocks by node, its share of the pods' addresses, where a base plugin does not keep to the Nodes' own
 */
export function ownNodes(
  objects: readonly ApiObject[],
  blocks?: ReadonlyMap<string, readonly string[]>,
): OwnNodes {
  const problems: string[] = [];
  const counts = new Map<string, Map<string, number>>();
  const count: Count = (word, origin) => {
    const of = counts.get(word) ?? new Map<string, number>();
    counts.set(word, of.set(origin, (of.get(origin) ?? 0) + 1));
  };
  const taken = new Set<string>();
  const sorted = [...objects].sort((a, b) =>
    a.metadata.name < b.metadata.name ? -1 : 1,
  );
  const nodes = sorted.flatMap((object) => {
    const entry = readNode(object, { problems, blocks, count });
    if (entry === undefined) return [];
    return isFree(entry, taken, problems) ? [entry] : [];
  });
  const origins = [...counts].map(([word, of]) => {
    const parts = [...of].map(([origin, nodes]) => `${origin} (${nodes})`);
    return [`nodes.${word}`, parts.join(", ").slice(0, 256)] as const;
  });
  return { nodes, problems, origins: Object.fromEntries(origins) };
}

type Count = (word: string, origin: string) => void;

interface Reading {
  readonly problems: string[];
  readonly blocks: ReadonlyMap<string, readonly string[]> | undefined;
  readonly count: Count;
}

interface Entry extends NodeEntry {
  readonly ips: readonly string[];
  readonly elasticIP?: string;
}

function readNode(object: ApiObject, reading: Reading): Entry | undefined {
  const { problems, blocks, count } = reading;
  const { name } = object.metadata;
  const ips = addressesOf(object, "InternalIP");
  if (ips.length === 0) {
    problems.push(`node "${name}" has no InternalIP`);
    return undefined;
  }
  count("ips", "InternalIP");
  const elasticIP = elasticOf(object, reading);
  const podCIDRs =
    blocks === undefined ? podCidrsOf(object) : (blocks.get(name) ?? []);
  if (podCIDRs.length > 0)
    count("podCIDRs", blocks === undefined ? "spec.podCIDRs" : "BlockAffinity");
  const gateway = object.metadata.annotations?.[GATEWAY] === "true";
  return {
    name,
    ips,
    ...(elasticIP === undefined ? {} : { elasticIP }),
    ...(podCIDRs.length === 0 ? {} : { podCIDRs }),
    ...(gateway ? { gateway } : {}),
  };
}

/** Annotation, ExternalIP, flannel's overwrite: the first that is there. What an admin mistyped is not guessed around. */
function elasticOf(
  object: ApiObject,
  { problems, count }: Reading,
): string | undefined {
  const { name, annotations = {} } = object.metadata;
  for (const key of [ELASTIC_IP, undefined, FLANNEL_OVERWRITE]) {
    const text =
      key === undefined
        ? addressesOf(object, "ExternalIP")[0]
        : annotations[key];
    if (text === undefined) continue;
    const address = canonical(text);
    if (address === undefined)
      problems.push(`node "${name}": ${key ?? ""} is no address`);
    else count("elasticIP", key ?? "ExternalIP");
    return address;
  }
  return undefined;
}

/** Two nodes with one address would make the whole file wrong: the second by name is left out. */
function isFree(
  { name, ips, elasticIP }: Entry,
  taken: Set<string>,
  problems: string[],
): boolean {
  const all = new Set([
    ...ips,
    ...(elasticIP === undefined ? [] : [elasticIP]),
  ]);
  const twice = [...all].find((address) => taken.has(address));
  if (twice !== undefined) {
    problems.push(`node "${name}" has ${twice}, which another has too`);
    return false;
  }
  for (const address of all) taken.add(address);
  return true;
}

function addressesOf(object: ApiObject, type: string): string[] {
  const { status } = object as { status?: unknown };
  const list = isObject(status) ? status["addresses"] : undefined;
  if (!Array.isArray(list)) return [];
  const found = list
    .filter(isObject)
    .filter((entry) => entry["type"] === type)
    .flatMap((entry) => canonical(entry["address"]) ?? []);
  return [...new Set(found)];
}

function podCidrsOf(object: ApiObject): string[] {
  const { spec } = object as { spec?: unknown };
  if (!isObject(spec)) return [];
  const list = Array.isArray(spec["podCIDRs"])
    ? spec["podCIDRs"]
    : [spec["podCIDR"]];
  return list.flatMap((text) => {
    try {
      return typeof text === "string" ? [parseCidr(text).text] : [];
    } catch {
      return [];
    }
  });
}

function canonical(text: unknown): string | undefined {
  try {
    return typeof text === "string" ? parseAddress(text).text : undefined;
  } catch {
    return undefined;
  }
}

/** Which base plugin gives the pods their addresses, by what it wrote onto the Nodes. */
export function ownCni(
  objects: readonly ApiObject[],
): { readonly cni: string; readonly origin: string } | undefined {
  const keys = new Set(
    objects.flatMap(({ metadata }) => Object.keys(metadata.annotations ?? {})),
  );
  for (const [cni, key] of [
    ["calico", "projectcalico.org/IPv4Address"],
    ["flannel", "flannel.alpha.coreos.com/backend-type"],
  ] as const)
    if (keys.has(key)) return { cni, origin: `Node annotation ${key}` };
  return undefined;
}
