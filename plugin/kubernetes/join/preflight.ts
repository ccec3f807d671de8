import { isObject } from "../../../cni/configuration.ts";
import { CniError, ErrorCode } from "../../../cni/error.ts";
import { type Cidr, cidrOverlaps, parseCidr } from "../../../ip/cidr.ts";
import { type ClusterObject, type SliceObject, wordsOf } from "../kinds.ts";

/** @throws CniError 7 for a URL that leads other machines nowhere, or to a proxy of one person's */
export function requireReachableUrl(server: string): void {
  const url = parseUrl(server);
  const isLoopback = isOfItself(url?.hostname ?? "");
  if (url?.protocol === "https:" && !isLoopback) return;
  throw new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot have "${server.slice(0, 200)}" be read from another cluster: ${isLoopback ? "it is this machine itself" : "it is no https:// URL"}`,
    {
      details:
        "give --server URL: the API server's own, as pods of the other cluster reach it",
    },
  );
}

/** As URLs have hosts: addresses in their shortest form. An IPv4 address may stand in an IPv6 one, and a name may end with the root's dot. */
function isOfItself(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  return (
    /^(?:localhost|127\.\d+\.\d+\.\d+|::1|0\.0\.0\.0|::)$/.test(host) ||
    /^::ffff:(?:7f[\da-f]{2}:[\da-f]{1,4}|0:0)$/.test(host) ||
    host.endsWith(".localhost")
  );
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** @throws CniError 7 for a text that is no CIDR */
export function readNetworks(texts: readonly string[]): Cidr[] {
  return texts.map((text) => {
    try {
      return parseCidr(text);
    } catch (error) {
      throw new CniError(
        ErrorCode.invalidConfiguration,
        `Cannot allow "${text.slice(0, 80)}": ${error instanceof Error ? error.message : ""}`,
        {
          details:
            "give --cluster-pod-cidrs CIDR,CIDR: the networks of the other cluster's pods, and of services that are to be reached",
        },
      );
    }
  });
}

/** The networks of a Cluster as others see them: what its peers have to allow. */
export function networksOf(
  cluster: ClusterObject,
  slices: readonly SliceObject[],
): string[] {
  const { name } = cluster.metadata;
  const words = wordsOf(cluster);
  const shares = slices
    .filter((slice) => slice.spec.cluster === name)
    .flatMap(({ spec: { nodes } }) => nodes)
    .flatMap((node) => textsIn(node["podCIDRs"]));
  const pods = textsIn(words["podCIDRs"]);
  const globals = words["globalCIDRs"];
  const shown = (pods.length > 0 ? pods : shares).map((text) =>
    isObject(globals) && text in globals ? String(globals[text]) : text,
  );
  return [...new Set([...shown, ...textsIn(words["serviceCIDRs"])])];
}

/**
 * A sentence for who lets others know a cluster whose pods' whole networks nobody has said: they allow its nodes' shares of this
 * moment, and would refuse a node that comes later.
 */
export function sharesAlone(
  cluster: ClusterObject,
  allowed: readonly string[],
): string | undefined {
  if (textsIn(wordsOf(cluster)["podCIDRs"]).length > 0) return undefined;
  const { name } = cluster.metadata;
  const shown = [...allowed.slice(0, 3), ...(allowed.length > 3 ? ["…"] : [])];
  const what = shown.length === 0 ? "no network" : `${shown.join(", ")} alone`;
  return `Others will allow "${name}" ${what}, and refuse nodes that come later. Say its pods' whole network there, and begin again: kubectl patch cluster ${name} --type merge -p '{"spec": {"podCIDRs": ["CIDR"]}}'`;
}

function textsIn(value: unknown): string[] {
  return Array.isArray(value)
    ? value.filter((one) => typeof one === "string")
    : [];
}

/**
 * Refuses networks that a cluster here has already, with what would solve it.
 *
 * @param other whose they are
 */
export function requireNoOverlap(
  other: string,
  networks: readonly Cidr[],
  here: ReadonlyMap<string, readonly Cidr[]>,
): void {
  for (const [name, own] of here)
    for (const cidr of own) {
      const found = networks.find((one) => cidrOverlaps(one, cidr));
      if (found === undefined) continue;
      throw new CniError(
        ErrorCode.invalidConfiguration,
        `Cannot join "${other}": its ${found.text} overlaps ${cidr.text} of "${name}"`,
        {
          details: `have one of the two be seen under another network of the same size, which nobody has: kubectl patch cluster NAME --type merge -p '{"spec": {"podCIDRs": ["${cidr.text}"], "globalCIDRs": {"${cidr.text}": "…"}}}', there where it is local`,
        },
      );
    }
}
