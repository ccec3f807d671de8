import { compareCidrs } from "../../../ip/cidr.ts";
import type { Family } from "../base/family.ts";
import type { NetworkPair } from "../../mesh/state.ts";
import type { PairRule } from "./pair-rule.ts";

/** What a rule does with the packets of a pair, and which of them it leaves alone. */
export type Treatment = Pick<PairRule, "verdict" | "spares">;

/** A rule for each direction of every pair of a family, each once, in order. */
export function bothWays(
  pairs: readonly NetworkPair[],
  family: Family,
  treatment: Treatment,
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
        ...treatment,
      });
  return [...rules.values()];
}
