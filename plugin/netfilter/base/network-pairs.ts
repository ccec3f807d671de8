import { type Cidr, cidrContains, compareCidrs } from "../../../ip/cidr.ts";
import type { Family } from "./family.ts";
import type { NetworkPair } from "../../mesh/state.ts";

/** Pairs that are a whole product: every local network with every remote one. */
export interface PairGroup {
  readonly locals: readonly Cidr[];
  readonly remotes: readonly Cidr[];
}

/**
 * The pairs of a family as few products, so that two sets and two rules serve each: remote networks that are paired with
 * the same local ones go together. Sorted; networks inside of others of the same set are left out, since intervals in a
 * set must not overlap.
 */
export function groupPairs(
  pairs: readonly NetworkPair[],
  family: Family,
): PairGroup[] {
  const byRemote = new Map<string, { remote: Cidr; locals: Cidr[] }>();
  for (const { local, remote } of pairs) {
    if (local.family !== family || remote.family !== family) continue;
    const entry = byRemote.get(remote.text);
    if (entry === undefined)
      byRemote.set(remote.text, { remote, locals: [local] });
    else entry.locals.push(local);
  }
  const groups = new Map<string, { locals: Cidr[]; remotes: Cidr[] }>();
  for (const { remote, locals } of byRemote.values()) {
    const outermost = outermostOf(locals);
    const key = outermost.map(({ text }) => text).join(" ");
    const group = groups.get(key);
    if (group === undefined)
      groups.set(key, { locals: outermost, remotes: [remote] });
    else group.remotes.push(remote);
  }
  return [...groups.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { locals, remotes }]) => ({
      locals,
      remotes: outermostOf(remotes),
    }));
}

/** The networks in order, without those that lie inside of another. */
export function outermostOf(networks: readonly Cidr[]): Cidr[] {
  const result: Cidr[] = [];
  for (const network of [...networks].sort(compareCidrs)) {
    const last = result.at(-1);
    // In this order a network comes before its parts, and nothing else between them.
    if (last === undefined || !cidrContains(last, network))
      result.push(network);
  }
  return result;
}
