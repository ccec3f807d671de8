import type { ClusterSource, Node } from "../../../conf/clusters.ts";
import { conflictOf, type TriedFile } from "../../../conf/trial.ts";
import { CniError } from "../../../cni/error.ts";
import { type Address, parseAddress, parseCidr } from "../../../ip/cidr.ts";
import { requireMesh } from "../../mesh/desired.ts";
import { activeGateway } from "../../mesh/members.ts";
import { isEncrypted, networkHolding, widest } from "../../mesh/networks.ts";

/** The node that files are for. */
export interface OwnNode {
  /** Its cluster's name. */
  readonly cluster: string;
  /** Its own; where that cluster has no such node, the first one's place is as good as any. */
  readonly node?: string | undefined;
}

/** Files that are to be one node's mesh. */
interface TriedMesh {
  readonly files: readonly TriedFile[];
  /** Those that are new: what the others say of each other is known. */
  readonly changed: readonly TriedFile[];
  readonly here: OwnNode | undefined;
}

/**
 * Why files cannot be one node's mesh; undefined where they can. A node refuses all files for what is wrong with one: no peer
 * may have it do so.
 */
export function meshTrouble({
  files,
  changed,
  here,
}: TriedMesh): string | undefined {
  const conflict = conflictOf(files);
  const own = files.find(({ cluster }) => cluster.name === here?.cluster);
  if (conflict !== undefined || own === undefined) return conflict;
  if (!isEncrypted(sourceOf(own))) return undefined;
  const nodes = own.cluster.nodes;
  const node = nodes.find(({ name }) => name === here?.node) ?? nodes[0];
  if (node === undefined) return undefined;
  const far = files.filter(
    (file) => file !== own && isEncrypted(sourceOf(file)),
  );
  const news = far.filter((file) => changed.includes(file));
  const known = far.filter((file) => !changed.includes(file));
  const [ours, theirs] = [news, known].map((list) =>
    list.flatMap(endsFrom(node)),
  ) as [NodeAddress[], NodeAddress[]];
  return firstOf([
    ...news.map((file) => () => besideOwn(file, own, node)),
    () => sharedEnds(ours, theirs),
    () => firstInside(ours, far),
    () => firstInside(theirs, news),
    () => (changed.includes(own) ? firstInside(nodesOf(own), far) : undefined),
  ]);
}

function firstOf(
  looks: readonly (() => string | undefined)[],
): string | undefined {
  for (const look of looks) {
    const found = look();
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What the node itself would say of its own cluster's file and one other. */
function besideOwn(
  file: TriedFile,
  own: TriedFile,
  node: Node,
): string | undefined {
  const source = sourceOf(own);
  const pods = node.podCIDRs ?? own.cluster.podCIDRs;
  return sentenceOf(() => {
    requireMesh({
      clusters: [source, sourceOf(file)],
      self: { source, node },
      localCidrs: pods.map(parseCidr),
    });
  });
}

function sourceOf({ path, cluster }: TriedFile): ClusterSource {
  return { file: path, cluster };
}

function sentenceOf(look: () => void): string | undefined {
  try {
    look();
    return undefined;
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    return `${error.message} (${error.details})`;
  }
}

/** An address, and the node that has it. */
interface NodeAddress {
  readonly address: Address;
  readonly node: Node;
  readonly cluster: string;
}

function nodesOf({ addresses, cluster: { name } }: TriedFile): NodeAddress[] {
  return addresses.map(({ text, node }) => ({
    ...{ address: parseAddress(text), node },
    cluster: name,
  }));
}

/** Where tunnels to a cluster's nodes end, as this node sees them: at elastic addresses, where it has one itself. */
function endsFrom({
  elasticIP,
  initiate,
}: Node): (file: TriedFile) => NodeAddress[] {
  const isByElastic = elasticIP !== undefined || initiate === true;
  return (file) => {
    const { mode } = file.cluster;
    const gateway =
      mode === "gateway" ? activeGateway(sourceOf(file)) : undefined;
    const ends = new Map<string, NodeAddress>();
    for (const { text, elastic, node } of file.addresses) {
      if (node.initiate === true || (gateway ?? node) !== node) continue;
      const address = parseAddress(text);
      const place = `${String(address.family)} ${node.name}`;
      const isFirst = !ends.has(place);
      if (elastic ? isByElastic && !isFirst : isFirst)
        ends.set(place, { address, node, cluster: file.cluster.name });
    }
    return [...ends.values()];
  };
}

function words({ node, cluster }: NodeAddress): string {
  return `node "${node.name}" of cluster "${cluster}"`;
}

/** Two tunnels to one address are one for the kernel. */
function sharedEnds(
  news: readonly NodeAddress[],
  known: readonly NodeAddress[],
): string | undefined {
  const taken = new Map(known.map((end) => [end.address.text, end]));
  for (const end of news) {
    const { text } = end.address;
    const other = taken.get(text);
    if (other !== undefined)
      return `${words(end)} is at "${text}", as ${words(other)} is: give each node an address of its own`;
    taken.set(text, end);
  }
  return undefined;
}

/** What is blocked toward a network would block the tunnels, too. */
function firstInside(
  ends: readonly NodeAddress[],
  around: readonly TriedFile[],
): string | undefined {
  const networks = widest(
    around.flatMap(({ effective }) => effective.map(({ cidr }) => cidr)),
  );
  for (const end of ends) {
    const { address } = end;
    const network = networkHolding(networks, address.bytes);
    if (network !== undefined)
      return `"${address.text}" of ${words(end)} lies in "${network.text}", where pods are: give pods and nodes CIDRs that are apart, or globalCIDRs`;
  }
  return undefined;
}
