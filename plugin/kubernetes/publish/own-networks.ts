import { isObject } from "../../../cni/configuration.ts";
import { type Cidr, cidrContains, parseCidr } from "../../../ip/cidr.ts";
import { distinctCidrs } from "../../../ip/distinct.ts";
import type { ApiObject } from "../api/object.ts";

/** What other programs' objects say of this cluster's networks. */
export interface OwnNetworks {
  /** `podCIDRs` of Calico's IPPools, and `serviceCIDRs` where they are asked for. */
  readonly discovered: Readonly<Record<string, readonly string[]>>;
  /** By word, which objects said so. */
  readonly origins: Readonly<Record<string, string>>;
  /** By node, Calico's blocks; undefined where its IPAM does not give out the pods' addresses. */
  readonly blocks: ReadonlyMap<string, readonly string[]> | undefined;
  readonly problems: readonly string[];
}

/** The objects, each kind whole. */
export interface NetworkObjects {
  /** `crd.projectcalico.org/v1` IPPool and BlockAffinity. */
  readonly pools: readonly ApiObject[];
  readonly affinities: readonly ApiObject[];
  /** `networking.k8s.io/v1` ServiceCIDR; none where the cluster's services are not to be reached from others. */
  readonly services: readonly ApiObject[];
}

/**
 * Reads them.
 *
 * @param said the admin's own word for `podCIDRs`, which goes before the pools'
 */
export function ownNetworks(
  { pools, affinities, services }: NetworkObjects,
  said: unknown,
): OwnNetworks {
  const problems: string[] = [];
  const used = pools.filter(isForPods);
  const poolCidrs = cidrsIn(used, (spec) => [spec["cidr"]]);
  const within = Array.isArray(said) ? readAll(said as unknown[]) : poolCidrs;
  const serviceCidrs = cidrsIn(services, (spec) => spec["cidrs"]);
  const words = [
    ["podCIDRs", "IPPool", used, poolCidrs],
    ["serviceCIDRs", "ServiceCIDR", services, serviceCidrs],
  ] as const;
  const found = words.filter(([, , , cidrs]) => cidrs.length > 0);
  return {
    discovered: Object.fromEntries(
      found.map(([word, , , cidrs]) => [word, cidrs.map(({ text }) => text)]),
    ),
    origins: Object.fromEntries(
      found.map(([word, kind, objects]) => [word, originOf(kind, objects)]),
    ),
    blocks: blocksOf(affinities, within, problems),
    problems,
  };
}

/** A disabled pool, too: its pods stay. */
function isForPods(pool: ApiObject): boolean {
  const uses = specOf(pool)["allowedUses"];
  return !Array.isArray(uses) || uses.includes("Workload");
}

/** By Calico's IPAM: a block belongs to a node once its affinity is confirmed, until it is being given up. */
function blocksOf(
  affinities: readonly ApiObject[],
  within: readonly Cidr[],
  problems: string[],
): Map<string, string[]> | undefined {
  if (affinities.length === 0) return undefined;
  const blocks = new Map<string, string[]>();
  const taken = new Set<string>();
  for (const { node, cidr } of sorted(affinities).flatMap(readBlock)) {
    const why = taken.has(cidr.text)
      ? "which another has too"
      : within.some((pool) => cidrContains(pool, cidr))
        ? undefined
        : "which is in none of the podCIDRs";
    if (why !== undefined) {
      problems.push(`node "${node}" has the block ${cidr.text}, ${why}`);
      continue;
    }
    taken.add(cidr.text);
    blocks.set(node, [...(blocks.get(node) ?? []), cidr.text]);
  }
  return blocks;
}

function readBlock(
  affinity: ApiObject,
): { readonly node: string; readonly cidr: Cidr }[] {
  const { node, state, cidr: text, deleted } = specOf(affinity);
  if (state !== "confirmed" || String(deleted) === "true") return [];
  const [cidr] = readAll([text]);
  return typeof node === "string" && cidr !== undefined ? [{ node, cidr }] : [];
}

function cidrsIn(
  objects: readonly ApiObject[],
  textsOf: (spec: Readonly<Record<string, unknown>>) => unknown,
): Cidr[] {
  const texts = sorted(objects).flatMap((object) => {
    const list = textsOf(specOf(object));
    return Array.isArray(list) ? (list as unknown[]) : [];
  });
  return distinctCidrs(readAll(texts));
}

function readAll(texts: readonly unknown[]): Cidr[] {
  return texts.flatMap((text) => {
    try {
      return typeof text === "string" ? [parseCidr(text)] : [];
    } catch {
      return []; // what Calico and Kubernetes check themselves
    }
  });
}

/** As short as a status wants it. */
function originOf(kind: string, objects: readonly ApiObject[]): string {
  const names = sorted(objects).map(({ metadata }) => metadata.name);
  const more = names.length > 3 ? ` and ${names.length - 3} more` : "";
  return `${kind} ${names.slice(0, 3).join(", ")}${more}`.slice(0, 256);
}

function sorted(objects: readonly ApiObject[]): ApiObject[] {
  return [...objects].sort((a, b) =>
    a.metadata.name < b.metadata.name ? -1 : 1,
  );
}

function specOf(object: ApiObject): Readonly<Record<string, unknown>> {
  const { spec } = object as { spec?: unknown };
  return isObject(spec) ? spec : {};
}
