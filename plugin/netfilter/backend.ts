import type { Backend, SharedChain } from "./shared/chain.ts";
import { isNodeChain } from "./base/foreign.ts";
import type { BackendFacts, ObservedBackend } from "./state.ts";

/** Facts by backend; one that is not there has none. */
export interface BackendsFacts {
  readonly nft?: BackendFacts | undefined;
  readonly legacy?: BackendFacts | undefined;
  /** Whether nf_tables could do NAT at all. Asked only where nothing else decides. */
  readonly canNat: () => boolean;
}

const BACKENDS = ["nft", "legacy"] as const;

/**
 * Where RETURN rules can win: in each backend that masquerades, since a verdict in one says nothing to the other. Where
 * none does, the one in use, nf_tables first.
 */
export function chooseBackends(facts: BackendsFacts): Backend[] {
  const owners = BACKENDS.filter(
    (backend) => facts[backend]?.nodeChains || facts[backend]?.rewrites,
  );
  if (owners.length > 0) return owners;
  if (facts.legacy?.rules && !facts.nft?.rules) return ["legacy"];
  if (facts.nft !== undefined && facts.canNat()) return ["nft"];
  return facts.legacy === undefined ? [] : ["legacy"];
}

/** A backend from what was read of it. `chains` are the names of all chains in its nat table. */
export function backendOf(read: {
  readonly postrouting: SharedChain;
  readonly forward: SharedChain;
  readonly chains: readonly string[];
}): ObservedBackend {
  const { postrouting, forward, chains } = read;
  const foreign = postrouting.rules.filter(({ key }) => key === undefined);
  return {
    postrouting,
    forward,
    facts: {
      nodeChains: chains.some(isNodeChain),
      rewrites: foreign.some(({ takes }) => takes),
      rules: foreign.length > 0,
    },
    ahead: chains.filter((name) => name === "cali-POSTROUTING"),
  };
}
