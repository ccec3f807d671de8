import { coveringIndex } from "../../ip/search.ts";
import type { NetworkPair } from "../mesh/state.ts";
import type { NetfilterOperation } from "./base/operation.ts";
import type { PairMatch } from "./shared/pair-rule.ts";

/** Pairs whose packets will be treated otherwise once a plan is done: a rule for them is new, or a network in a set. */
export function freshPairs(
  pairs: readonly NetworkPair[],
  table: readonly NetfilterOperation[],
  inserted: readonly PairMatch[],
): readonly NetworkPair[] {
  const concerns = table.map((step) =>
    step.object === "nft" ? step.concerns : undefined,
  );
  if (concerns.includes("all")) return pairs;
  const networks = concerns.flatMap((list) =>
    list === undefined || list === "all" ? [] : list,
  );
  const paths = new Set(
    inserted.map(
      ({ source, destination }) => `${source.text} ${destination.text}`,
    ),
  );
  const around = coveringIndex(networks, (network) => network);
  return pairs.filter(
    ({ local, remote }) =>
      paths.has(`${local.text} ${remote.text}`) ||
      paths.has(`${remote.text} ${local.text}`) ||
      around(local).length > 0 ||
      around(remote).length > 0,
  );
}
