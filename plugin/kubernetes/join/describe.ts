import { CniError, ErrorCode } from "../../../cni/error.ts";
import { tryCluster } from "../../../conf/trial.ts";
import { parseAddress } from "../../../ip/cidr.ts";
import type { Access } from "../api/access.ts";
import { list } from "../api/list.ts";
import { ask } from "../api/request.ts";
import { wordsOf } from "../kinds.ts";
import { ELASTIC_IP, PATHS } from "../names.ts";
import type { Here } from "./here.ts";
import { readNetworks } from "./preflight.ts";

/** What an admin says of the cluster that joins, as kosmosctl's options have it. */
export interface OwnWords {
  /** Words of its Cluster's spec: `cni`, `mode`, `ipFamily`, `podCIDRs`. */
  readonly spec: Readonly<Record<string, unknown>> & {
    readonly podCIDRs?: readonly string[];
  };
  /** Public addresses by node. */
  readonly elasticIPs: ReadonlyMap<string, string>;
}

/** What this cluster is once those words are said of it. */
export function described(here: Here, { spec }: OwnWords): Here {
  const { name } = here.own.metadata;
  const networks = [
    ...(here.networks.get(name) ?? []),
    ...readNetworks(spec.podCIDRs ?? []),
  ];
  return { ...here, networks: new Map(here.networks).set(name, networks) };
}

/**
 * Looks whether these words make sense of this cluster.
 *
 * @returns what writes them: into its Cluster, and onto its Nodes
 * @throws CniError 7 where they make none; rejects with ApiError
 */
export async function describing(
  access: Access,
  { own }: Here,
  words: OwnWords,
): Promise<() => Promise<void>> {
  const { name } = own.metadata;
  requireSense(name, { ...wordsOf(own), ...words.spec });
  const nodes = words.elasticIPs.size === 0 ? [] : await nodeNames(access);
  for (const [node, address] of words.elasticIPs)
    requireNode({ node, address, nodes });
  return async () => {
    const write = (path: string, body: object) =>
      ask(access, { method: "PATCH", path, body });
    if (Object.keys(words.spec).length > 0)
      await write(`${PATHS.clusters}/${name}`, { spec: words.spec });
    for (const [node, address] of words.elasticIPs)
      await write(`${PATHS.nodes}/${encodeURIComponent(node)}`, {
        metadata: { annotations: { [ELASTIC_IP]: address } },
      });
  };
}

/** Without its nodes, whose pod CIDRs come later than the word that they are to lie in. */
function requireSense(
  name: string,
  { local: _local, ...words }: Readonly<Record<string, unknown>>,
): void {
  const nodes = [{ name: "node", ips: ["192.0.2.1"], gateway: true }];
  const tried = tryCluster(name, { ...words, name, nodes });
  if (typeof tried !== "string") return;
  throw new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot say so of "${name}": ${tried.replace(/^Cannot use "[^"]*": /, "")}`.slice(
      0,
      700,
    ),
    { details: "mend the option of that name, or `kubectl edit cluster`" },
  );
}

async function nodeNames(access: Access): Promise<readonly string[]> {
  const { objects } = await list(access, { path: PATHS.nodes });
  return objects.map(({ metadata }) => metadata.name);
}

function requireNode({
  node,
  address,
  nodes,
}: {
  readonly node: string;
  readonly address: string;
  readonly nodes: readonly string[];
}): void {
  if (!nodes.includes(node))
    throw refuse(
      node,
      "there is no Node of that name",
      `there is ${nodes.slice(0, 5).join(", ")}; give --node-elasticip NODE=ADDRESS,NODE=ADDRESS`,
    );
  try {
    parseAddress(address);
  } catch {
    throw refuse(
      node,
      `"${address.slice(0, 60)}" is no address`,
      "give --node-elasticip NODE=ADDRESS,NODE=ADDRESS",
    );
  }
}

function refuse(node: string, fact: string, details: string): CniError {
  return new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot give node "${node.slice(0, 80)}" a public address: ${fact}`,
    { details },
  );
}
