import fc from "fast-check";
import type { ClusterSource } from "../../../conf/clusters.ts";
import type { Cluster, Node } from "../../../conf/generated/cluster.ts";
import { cluster, node } from "./mesh.ts";

/** Which families something has, the first one first. */
type Families = readonly (4 | 6)[];

const traits = fc.record({
  mode: fc.constantFrom("p2p" as const, "p2p" as const, "gateway" as const),
  encryption: fc.constantFrom(
    "esp" as const,
    "esp" as const,
    "esp" as const,
    "none" as const,
  ),
  encap: fc.constantFrom("esp" as const, "esp" as const, "udp" as const),
  families: fc.constantFrom<Families[]>([4], [4], [6], [4, 6]),
  services: fc.boolean(),
  global: fc.boolean(),
  listed: fc.boolean(),
  nodes: fc.array(
    fc.record({
      ips: fc.constantFrom<Families[]>([4], [4], [6], [4, 6], [6, 4]),
      elastic: fc.boolean(),
      gateway: fc.boolean(),
    }),
    { minLength: 1, maxLength: 3 },
  ),
});

type Traits = typeof traits extends fc.Arbitrary<infer T> ? T : never;

/**
 * Meshes that conf/ would accept: of every mode, with and without elastic addresses, of both families inside and
 * outside, with services, global CIDRs and plain networks. Cluster `i` has its own numbers, so that a mesh and the
 * same mesh with one cluster more differ in nothing else.
 */
export function meshes(size: {
  min: number;
  max: number;
}): fc.Arbitrary<ClusterSource[]> {
  return fc
    .array(traits, { minLength: size.min, maxLength: size.max })
    .map((list) => list.map(clusterOf));
}

/** Every `cluster/node` of a mesh. */
export function places(clusters: readonly ClusterSource[]): string[] {
  return clusters.flatMap((source) =>
    source.cluster.nodes.map(({ name }) => `${source.cluster.name}/${name}`),
  );
}

function clusterOf(what: Traits, index: number): ClusterSource {
  const i = String(index);
  const nodes = what.nodes.map((entry, position) =>
    nodeOf(what, entry, [index, position]),
  );
  const gateways = nodes.some(({ gateway }) => gateway)
    ? nodes
    : nodes.map((entry, position) => ({ ...entry, gateway: position === 0 }));
  const listed =
    what.listed ||
    what.mode === "gateway" ||
    what.global ||
    what.encryption === "none";
  const pods = poolsOf(what, index).map(({ pool }) => pool);
  const rest: Partial<Cluster> = {
    mode: what.mode,
    encryption: what.encryption,
    encap: what.encap,
    podCIDRs: listed ? pods : [],
    serviceCIDRs: what.services ? [`172.20.${i}.0/24`] : [],
    globalCIDRs: what.global
      ? Object.fromEntries(
          poolsOf(what, index).map(({ pool, global }) => [pool, global]),
        )
      : {},
    nodes: what.mode === "gateway" ? gateways : nodes,
  };
  return cluster(`cluster${i}`, rest);
}

/** With a global CIDR the pods' own numbers are the same in every such cluster. */
function poolsOf(
  what: Traits,
  index: number,
): { pool: string; global: string; share: (position: number) => string }[] {
  const v4 = what.global ? "10.244" : `10.${String(index)}`;
  const v6 = what.global ? "fd44" : `fd10:${String(index)}`;
  const pools = {
    4: {
      pool: `${v4}.0.0/16`,
      global: `100.${String(64 + index)}.0.0/16`,
      share: (n: number) => `${v4}.${String(n)}.0/24`,
    },
    6: {
      pool: `${v6}::/48`,
      global: `fd64:${String(index)}::/48`,
      share: (n: number) =>
        `${v6}:${what.global ? "0:" : ""}0:${String(n)}::/64`,
    },
  };
  return what.families.map((family) => pools[family]);
}

function nodeOf(
  what: Traits,
  entry: Traits["nodes"][number],
  [index, position]: [number, number],
): Node {
  const [i, n] = [String(index), String(position)];
  const ips = entry.ips.map((family) =>
    family === 4 ? `192.168.${i}.1${n}` : `fd99:${i}::1${n}`,
  );
  const elastic =
    entry.elastic && entry.ips.includes(4)
      ? { elasticIP: `203.0.${i}.1${n}` }
      : {};
  const podCIDRs = poolsOf(what, index).map(({ share }) => share(position));
  return node(`node${i}-${n}`, ips as [string, ...string[]], {
    ...elastic,
    podCIDRs,
    gateway: entry.gateway,
  });
}
