import { chooseBackends } from "../backend.ts";
import type { NetworkPair } from "../../mesh/state.ts";
import { missingLegacy } from "../legacy/program.ts";
import { bothWays } from "../shared/both-ways.ts";
import type { Backend } from "../shared/chain.ts";
import type { PairRule } from "../shared/pair-rule.ts";
import type { DesiredSnat, ObservedBackend, ObservedFamily } from "../state.ts";

/**
 * The RETURN rules of a family: at the head of nat POSTROUTING, both ways, they take packets between own and remote pods
 * past whatever masquerades there, but for those that carry somebody's mark for it.
 *
 * @throws CniError 50 where only legacy iptables could help and its programs are missing
 */
export function returnRules(
  desired: DesiredSnat,
  pairs: readonly NetworkPair[],
  observed: ObservedFamily,
): (backend: Backend) => PairRule[] {
  const { family, spares } = observed;
  const backends = backendsFor(desired, pairs, observed);
  return (backend) =>
    backends.includes(backend)
      ? bothWays(pairs, family, { verdict: "RETURN", spares })
      : [];
}

function backendsFor(
  { mode }: DesiredSnat,
  pairs: readonly NetworkPair[],
  { nft, legacy, canNat, legacyUnreadable }: ObservedFamily,
): Backend[] {
  if (pairs.length === 0 || mode === "identity" || mode === "off") return [];
  if (legacyUnreadable && !masqueradesIn(nft) && !canNat())
    throw missingLegacy();
  return chooseBackends({ nft: nft?.facts, legacy: legacy?.facts, canNat });
}

function masqueradesIn(backend: ObservedBackend | undefined): boolean {
  const facts = backend?.facts;
  return facts !== undefined && (facts.nodeChains || facts.rewrites);
}
