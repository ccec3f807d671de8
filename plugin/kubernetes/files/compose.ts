import type { ClusterObject, NodeEntry, SliceObject } from "../kinds.ts";

/** Words of the objects that are no words of a file. */
const NOT_IN_FILES = ["local", "peer"];

/** Words that nobody but this cluster's own admin says. */
const NEVER_DISCOVERED = ["encryption", "name", "nodes", "managedBy"];

/** What a Cluster and its slices make: a file's content, or why there is none yet. */
export type Composed =
  | { readonly value: Readonly<Record<string, unknown>> }
  | { readonly why: string };

/**
 * The cluster file that a Cluster and its slices give, its nodes in the order of their names. The admin's words go before
 * discovered ones.
 */
export function compose(
  { metadata: { name }, spec, status }: ClusterObject,
  slices: readonly SliceObject[],
): Composed {
  const own = slices.filter((slice) => slice.spec.cluster === name);
  if (own.length < (status.slices ?? 0))
    return {
      why: `${own.length} of ${status.slices ?? 0} ClusterNodes are there`,
    };
  const words = {
    ...without(status.discovered ?? {}, NEVER_DISCOVERED),
    ...without(spec, NOT_IN_FILES),
  };
  const nodes = nodesOf(own);
  if (nodes.length === 0 && spec["encryption"] !== "none")
    return { why: "no node of it is known yet" };
  return { value: { name, ...words, nodes, managedBy: "kubernetes" } };
}

function without(
  words: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Record<string, unknown> {
  const kept = Object.entries(words).filter(([key]) => !names.includes(key));
  return Object.fromEntries(
    kept.sort(([one], [other]) => compareTexts(one, other)),
  );
}

/** A node that is on its way from one slice to another may be in both for a moment. */
function nodesOf(slices: readonly SliceObject[]): NodeEntry[] {
  const byName = new Map<string, NodeEntry>();
  for (const { spec } of slices)
    for (const node of spec.nodes) byName.set(node.name, node);
  return [...byName.values()].sort((a, b) => compareTexts(a.name, b.name));
}

/** By code units: the same on every node, whatever its locale. */
function compareTexts(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** A file's text. */
export function fileText(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
