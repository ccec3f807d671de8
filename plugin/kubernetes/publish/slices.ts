import { isDeepStrictEqual } from "node:util";
import type { NodeEntry, SliceObject } from "../kinds.ts";

/** Nodes a slice: what a changed node costs on the wire, times all agents. */
const NODES_A_SLICE = 100;

/** What has to be written for a cluster's slices to hold its nodes. */
export interface SliceChanges {
  readonly create: readonly WantedSlice[];
  readonly update: readonly (WantedSlice & { readonly was: SliceObject })[];
  readonly remove: readonly SliceObject[];
  /** How many there are afterwards. */
  readonly count: number;
}

/** A slice as it is to be. */
export interface WantedSlice {
  readonly name: string;
  readonly nodes: readonly NodeEntry[];
}

/**
 * Shares nodes among slices so that little changes: a node stays in its slice, a new one goes to the first with room, and an
 * empty slice goes.
 *
 * @param have the cluster's own slices
 */
export function sliceChanges(
  cluster: string,
  nodes: readonly NodeEntry[],
  have: readonly SliceObject[],
): SliceChanges {
  const left = new Map(nodes.map((node) => [node.name, node]));
  const slices = [...have]
    .sort((a, b) => numberOf(a) - numberOf(b))
    .map((was) => {
      const kept = was.spec.nodes.flatMap(({ name }) => {
        const node = left.get(name);
        left.delete(name);
        return node === undefined ? [] : [node];
      });
      return { name: was.metadata.name, nodes: kept, was };
    });
  const created = place([...left.values()], slices, cluster);
  const remove = slices.filter((slice) => slice.nodes.length === 0);
  const update = slices.filter(
    ({ nodes: wanted, was }) =>
      wanted.length > 0 && !isDeepStrictEqual(wanted, was.spec.nodes),
  );
  return {
    create: created,
    update,
    remove: remove.map(({ was }) => was),
    count: slices.length - remove.length + created.length,
  };
}

/** Puts nodes where there is room, and makes slices for the rest. */
function place(
  nodes: NodeEntry[],
  slices: readonly { readonly nodes: NodeEntry[] }[],
  cluster: string,
): WantedSlice[] {
  const rest = [...nodes];
  for (const slice of slices) {
    // One that would else be removed keeps its name free for nobody.
    const room = NODES_A_SLICE - slice.nodes.length;
    slice.nodes.push(...rest.splice(0, Math.max(0, room)));
  }
  const taken = new Set(slices.map((slice) => nameOf(slice)));
  const created: WantedSlice[] = [];
  for (let number = 0; rest.length > 0; number++) {
    const name = `${cluster}-${number}`;
    if (!taken.has(name))
      created.push({ name, nodes: rest.splice(0, NODES_A_SLICE) });
  }
  return created;
}

function nameOf(slice: object): string {
  return "name" in slice ? String(slice.name) : "";
}

function numberOf({ metadata: { name } }: SliceObject): number {
  return Number(/\d+$/.exec(name)?.[0] ?? 0);
}
