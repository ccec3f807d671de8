import { compareCidrs } from "../../../ip/cidr.ts";
import type { Family } from "../base/family.ts";
import type { NetworkPair } from "../base/network-pairs.ts";
import type { PairRule } from "./pair-rule.ts";

/** A rule for each direction of every pair of a family, each once, in order. */
export function bothWays(
  pairs: readonly NetworkPair[],
  family: Family,
  verdict: PairRule["verdict"],
): PairRule[] {
  const rules = new Map<string, PairRule>();
  const sorted = pairs
    .filter(
      ({ local, remote }) =>
        local.family === family && remote.family === family,
    )
    .sort(
      (a, b) =>
        compareCidrs(a.local, b.local) || compareCidrs(a.remote, b.remote),
    );
  for (const { local, remote } of sorted)
    for (const [source, destination] of [
      [local, remote],
      [remote, local],
    ] as const)
      rules.set(`${source.text} ${destination.text}`, {
        source,
        destination,
        sparesMarked: verdict === "RETURN",
        verdict,
      });
  return [...rules.values()];
}
