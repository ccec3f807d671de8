import { CniError, ErrorCode } from "../../cni/error.ts";
import { addressFromBytes, parseAddress } from "../../ip/cidr.ts";
import type { ClusterSource } from "../../conf/clusters.ts";
import { nearest } from "../../conf/document/nearest.ts";
import type { Node } from "../../conf/generated/cluster.ts";

/** This node's own entry in the cluster files, and the file that it is in. */
export interface Self {
  readonly source: ClusterSource;
  readonly node: Node;
}

/** What may tell which node this machine is, in the order in which it is asked. */
export interface SelfHints {
  /** `node` of the network configuration. */
  readonly node?: string;
  /** The environment's NODE_NAME. */
  readonly nodeName?: string;
  readonly hostName: string;
  /** All addresses of this machine, 4 or 16 bytes each. */
  readonly addresses: readonly Uint8Array[];
}

/** Enough to recognize one's naming scheme, in an error that must fit a kubelet event. */
const SHOWN_NAMES = 8;

/** One way of finding the entry: its words for an error, and what it finds. */
interface Attempt {
  readonly tried: string;
  readonly found: readonly Self[];
}

/**
 * Finds this node's own entry: the one named by `node`, and by nothing else where that is given; without it
 * by NODE_NAME, else by the host name, else the one node whose `ips` hold an address of this machine.
 *
 * @throws CniError 7 where none or several fit; it lists what was tried and which names come near
 */
export function selectSelf(
  clusters: readonly ClusterSource[],
  hints: SelfHints,
): Self {
  const entries = clusters.flatMap((source) =>
    source.cluster.nodes.map((node) => ({ source, node })),
  );
  const tried: string[] = [];
  for (const attempt of attempts(hints)) {
    const { tried: words, found } = attempt(entries);
    const [first, ...others] = found;
    if (first !== undefined && others.length === 0) return first;
    if (first !== undefined) throw ambiguous(words, found);
    tried.push(words);
  }
  throw unknown(tried, entries, hints);
}

function attempts(hints: SelfHints): ((entries: readonly Self[]) => Attempt)[] {
  if (hints.node !== undefined)
    return [byName('"node" of the network configuration', hints.node)];
  const byNodeName =
    hints.nodeName === undefined || hints.nodeName === ""
      ? []
      : [byName("NODE_NAME", hints.nodeName)];
  return [
    ...byNodeName,
    byHostName(hints.hostName),
    byAddress(hints.addresses),
  ];
}

function byName(
  what: string,
  name: string,
): (entries: readonly Self[]) => Attempt {
  return (entries) => ({
    tried: `${what} "${name}"`,
    found: entries.filter(({ node }) => node.name === name),
  });
}

/** Kubernetes lowers the case of a host name before it makes it a node's name. */
function byHostName(name: string): (entries: readonly Self[]) => Attempt {
  return (entries) => {
    const exact = entries.filter(({ node }) => node.name === name);
    const lowered = entries.filter(
      ({ node }) => node.name === name.toLowerCase(),
    );
    return {
      tried: `the host name "${name}"`,
      found: exact.length > 0 ? exact : lowered,
    };
  };
}

function byAddress(
  addresses: readonly Uint8Array[],
): (entries: readonly Self[]) => Attempt {
  const own = new Set(addresses.map((bytes) => addressFromBytes(bytes).text));
  return (entries) => ({
    tried: `this machine's addresses ${[...own].join(", ") || "(none)"}`,
    found: entries.filter(({ node }) =>
      node.ips.some((ip) => own.has(parseAddress(ip).text)),
    ),
  });
}

function ambiguous(words: string, found: readonly Self[]): CniError {
  const places = found
    .map(({ source, node }) => `"${node.name}" in ${source.file}`)
    .join(" and ");
  return new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot tell which node this is: ${words} fits ${String(found.length)} nodes`,
    {
      details: `${places}. Give this node a name of its own in its cluster file, and that name as "node" in the network configuration`,
    },
  );
}

function unknown(
  tried: readonly string[],
  entries: readonly Self[],
  hints: SelfHints,
): CniError {
  const names = [...new Set(entries.map(({ node }) => node.name))].sort();
  return new CniError(
    ErrorCode.invalidConfiguration,
    "Cannot find this node in the cluster files",
    {
      details: `tried ${tried.join(", then ")}; ${existing(hints.node ?? hints.nodeName ?? hints.hostName, names)}. Add the node to its cluster's file, or name it with "node" in the network configuration`,
    },
  );
}

function existing(wanted: string, names: readonly string[]): string {
  if (names.length === 0) return "the cluster files hold no nodes";
  const shown = names.slice(0, SHOWN_NAMES).map((name) => `"${name}"`);
  const more =
    names.length > SHOWN_NAMES
      ? `, and ${String(names.length - SHOWN_NAMES)} more`
      : "";
  const close = nearest(wanted, names);
  const question = close === undefined ? "" : `; did you mean "${close}"`;
  return `the cluster files hold nodes ${shown.join(", ")}${more}${question}`;
}
