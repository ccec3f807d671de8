import type { Backend } from "../netfilter/shared/chain.ts";

/** What one backend's nat table says about who does the node's masquerading. */
export interface BackendFacts {
  /** Whether chains of a CNI plugin's or kube-proxy's are in it. */
  readonly nodeChains: boolean;
  /** Whether a rule in POSTROUTING may give packets another source. */
  readonly rewrites: boolean;
  /** Whether any rule of others is in the table. */
  readonly rules: boolean;
}

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
