import { compareCidrs } from "../../conf/cidr.ts";
import type { Family } from "../netfilter/family.ts";
import type { PairRule } from "../netfilter/shared/pair-rule.ts";
import type { NetworkPair } from "./exemption-groups.ts";

/** The RETURN rules of a family, each once: both directions of every pair, since flannel also masquerades what comes in. */
export function returnRules(
  pairs: readonly NetworkPair[],
  family: Family,
): PairRule[] {
  const rules = new Map<string, PairRule>();
  const ofFamily = pairs
    .filter(
      ({ local, remote }) =>
        local.family === family && remote.family === family,
    )
    .sort(
      (a, b) =>
        compareCidrs(a.local, b.local) || compareCidrs(a.remote, b.remote),
    );
  for (const { local, remote } of ofFamily)
    for (const [source, destination] of [
      [local, remote],
      [remote, local],
    ] as const)
      rules.set(`${source.text} ${destination.text}`, {
        source,
        destination,
        sparesMarked: true,
        verdict: "RETURN",
      });
  return [...rules.values()];
}
