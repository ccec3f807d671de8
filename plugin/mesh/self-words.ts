import { CniError, ErrorCode } from "../../cni/error.ts";
import type { Address } from "../../ip/cidr.ts";
import { nearest } from "../../conf/document/nearest.ts";
import type { Evidence, Self, SelfHints } from "./evidence.ts";

/** Enough to recognize one's naming scheme, in an error that must fit a Kubernetes event. */
const SHOWN_NAMES = 8;

/** Whoever lists one node in more clusters has made the same mistake in all. */
const SHOWN_PLACES = 3;

/** Enough to recognize one's machine. */
const SHOWN_ADDRESSES = 4;

/** Name and addresses lead to different entries, or to several. */
export function contradiction(evidence: Evidence): CniError {
  const { hints, named, here, addresses } = evidence;
  const shown = list(texts(addresses), SHOWN_ADDRESSES);
  const facts = [
    ...(named.found.length === 0
      ? []
      : [`the ${nameOf(evidence)} is that of ${places(named.found)}`]),
    here.length === 0
      ? `this machine's addresses, ${shown}, are nobody's`
      : `this machine's addresses, ${shown}, are those of ${places(here)}`,
  ];
  const remedy =
    hints.node === undefined
      ? `, or give this node's name by ${naming(hints)}`
      : `, or ${naming(hints)}`;
  return new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot tell which node this is: ${summary(evidence)}`,
    {
      details: `${facts.join("; ")}. Correct "ips" and names in the cluster files, on every node alike${remedy}`,
    },
  );
}

function summary(evidence: Evidence): string {
  const { named, here } = evidence;
  const both = named.found.filter((entry) => here.includes(entry));
  const several = both.length > 0 ? both : named.found;
  if (several.length > 1)
    return `the ${nameOf(evidence)} fits ${String(several.length)} nodes`;
  if (several.length === 1)
    return `the ${nameOf(evidence)} and this machine's addresses contradict each other`;
  return `this machine's list of addresses fits ${String(here.length)} nodes`;
}

/** A name fits, and no address of its entry is here. */
export function moved(
  { source, node }: Self,
  addresses: readonly Address[],
): CniError {
  return new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot take this machine for node "${node.name}": no device of it has an address of that node`,
    {
      details: `${source.file} gives "${node.name}" the ips ${list(node.ips, SHOWN_ADDRESSES)}; this machine has ${list(texts(addresses), SHOWN_ADDRESSES)}. Correct "ips" in the cluster file, on every node alike`,
    },
  );
}

/** No entry fits at all. */
export function unknown(
  entries: readonly Self[],
  { hints, addresses }: Evidence,
): CniError {
  const names = [...new Set(entries.map(({ node }) => node.name))].sort();
  const { node, nodeName, hostName } = hints;
  const tried =
    node === undefined
      ? [
          ...(nodeName ? [`NODE_NAME "${nodeName}"`] : []),
          `the host name "${hostName}"`,
          `this machine's addresses ${list(texts(addresses), SHOWN_ADDRESSES)}`,
        ]
      : [`${keyOf(hints)} "${node}"`];
  return new CniError(
    ErrorCode.invalidConfiguration,
    "Cannot find this node in the cluster files",
    {
      details: `tried ${tried.join(", then ")}; ${existing(node ?? nodeName ?? hostName, names)}. Add the node to its cluster's file, or name it with ${naming(hints)}`,
    },
  );
}

function existing(wanted: string, names: readonly string[]): string {
  if (names.length === 0) return "the cluster files hold no nodes";
  const quoted = names.map((name) => `"${name}"`);
  const close = nearest(wanted, names);
  const question = close === undefined ? "" : `; did you mean "${close}"`;
  return `the cluster files hold nodes ${list(quoted, SHOWN_NAMES)}${question}`;
}

function nameOf({ hints, named: { what, name } }: Evidence): string {
  return `${what === "node" ? keyOf(hints) : what} "${name}"`;
}

function places(entries: readonly Self[]): string {
  const all = entries.map(
    ({ source, node }) => `"${node.name}" in ${source.file}`,
  );
  const more =
    all.length > SHOWN_PLACES
      ? ` and ${String(all.length - SHOWN_PLACES)} more`
      : "";
  return all.slice(0, SHOWN_PLACES).join(" and ") + more;
}

function keyOf({ nodeKey }: SelfHints): string {
  return `"node" ${nodeKey === undefined ? "of the network configuration" : `of ${nodeKey}`}`;
}

function naming({ nodeKey }: SelfHints): string {
  return `"node" in ${nodeKey ?? "the network configuration"}`;
}

function texts(addresses: readonly Address[]): string[] {
  return addresses.map(({ text }) => text);
}

function list(words: readonly string[], shown: number): string {
  const more =
    words.length > shown ? `, and ${String(words.length - shown)} more` : "";
  return `${words.slice(0, shown).join(", ") || "(none)"}${more}`;
}
