import {
  listingOnce,
  NF_INET_POST_ROUTING,
  type NftablesClient,
} from "../../native/index.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { FAMILIES, type Family } from "./base/family.ts";
import { supportsNat } from "./base/probe.ts";
import { type LegacyFamily, observeLegacy } from "./legacy/observe.ts";
import { withNftables } from "../kernel/nftables.ts";
import { type NftFamily, observeNftFamily } from "./nft/observe.ts";
import type { ObservedFamily, ObservedSnat } from "./state.ts";
import { nftBaseChains } from "./trace/nft-chains.ts";
import { sparedMarks } from "./trace/spared-marks.ts";

/** Reads what the node's netfilter does with packets between pods. Changes nothing, and makes no table by looking. */
export function observeSnat(kernel: Kernel): ObservedSnat {
  // nf_tables last: the less time passes until its transaction, the less often somebody changes it in between.
  const legacy = new Map(
    FAMILIES.map((family) => [family, observeLegacy(kernel, family)]),
  );
  const join = (nft: FoundNft) => joined(nft, legacy.get(nft.family));
  const nft = withNftables(kernel, (client) =>
    observeNftables(kernel, listingOnce(client), join),
  );
  return nft ?? { families: FAMILIES.map(withoutNftables).map(join) };
}

type FoundNft = Omit<NftFamily, "seen"> & Pick<ObservedFamily, "canNat">;

/** `join` is called while the rules can still be read. */
function observeNftables(
  kernel: Kernel,
  client: NftablesClient,
  join: (family: FoundNft) => ObservedFamily,
): ObservedSnat {
  const generation = client.generation();
  const chains = client.chains();
  const wanted = { type: "nat", hook: NF_INET_POST_ROUTING } as const;
  const outline = {
    tables: client.tables(),
    chains,
    sourceNat: nftBaseChains(client, chains, wanted),
  };
  return {
    generation,
    families: FAMILIES.map((family) => {
      const { seen, ...found } = observeNftFamily(client, outline, family);
      const ask = () =>
        withNftables(kernel, (own) => supportsNat(own, family)) === true;
      return join({ ...found, canNat: once(() => seen || ask()) });
    }),
  };
}

function joined(
  { sourceNat, ...nft }: FoundNft,
  found: LegacyFamily | undefined,
): ObservedFamily {
  const { sourceNat: behind, ...legacy } = found ?? NO_LEGACY;
  return {
    ...nft,
    ...legacy,
    spares: sparedMarks([...sourceNat, ...behind], nft.family),
    rivals: sourceNat.filter(({ isShared }) => !isShared),
  };
}

const NO_LEGACY: LegacyFamily = { legacyUnreadable: false, sourceNat: [] };

function withoutNftables(family: Family): FoundNft {
  return {
    family,
    table: { family, exists: false, altered: false, sets: [], chains: [] },
    canNat: () => false,
    sourceNat: [],
  };
}

function once<Value>(compute: () => Value): () => Value {
  let known: { readonly value: Value } | undefined;
  return () => (known ??= { value: compute() }).value;
}
