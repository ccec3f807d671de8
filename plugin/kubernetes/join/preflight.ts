import { isObject } from "../../../cni/configuration.ts";
import { CniError, ErrorCode } from "../../../cni/error.ts";
import { type Cidr, cidrOverlaps, parseCidr } from "../../../ip/cidr.ts";
import type { ClusterObject, SliceObject } from "../kinds.ts";

/** @throws CniError 7 for a URL that leads other machines nowhere, or to a proxy of one person's */
export function requireReachableUrl(server: string): void {
  const url = parseUrl(server);
  const host = url?.hostname.replace(/^\[|\]$/g, "") ?? "";
  const isLoopback =
    /^(?:localhost|127\.\d+\.\d+\.\d+|::1|0\.0\.0\.0|::)$/.test(host) ||
    host.endsWith(".localhost");
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
  { metadata: { name }, spec, status }: ClusterObject,
  slices: readonly SliceObject[],
): string[] {
  const words: Readonly<Record<string, unknown>> = {
    ...status.discovered,
    ...spec,
  };
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
