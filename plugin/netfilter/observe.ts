import type { NftablesClient } from "../../native/nftables/client.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { FAMILIES, type Family } from "./base/family.ts";
import { supportsNat } from "./base/probe.ts";
import { observeLegacy } from "./legacy/observe.ts";
import { withNftables } from "./nft/available.ts";
import { type NftFamily, observeNftFamily } from "./nft/observe.ts";
import type { ObservedSnat } from "./state.ts";

/** Reads what the node's netfilter does with packets between pods. Changes nothing, and makes no table by looking. */
export function observeSnat(kernel: Kernel): ObservedSnat {
  // nf_tables last: the less time passes until its transaction, the less often somebody changes it in between.
  const legacy = FAMILIES.map((family) => observeLegacy(kernel, family));
  const nft = withNftables(kernel, (client) => observeNftables(kernel, client));
  return {
    ...(nft === undefined ? {} : { generation: nft.generation }),
    families: FAMILIES.map((family, index) => ({
      ...(nft?.families[index] ?? withoutNftables(family)),
      ...(legacy[index] ?? { legacyUnreadable: false }),
    })),
  };
}

function observeNftables(kernel: Kernel, client: NftablesClient) {
  const generation = client.generation();
  const outline = { tables: client.tables(), chains: client.chains() };
  return {
    generation,
    families: FAMILIES.map((family) => {
      const { seen, ...found } = observeNftFamily(client, outline, family);
      const ask = () =>
        withNftables(kernel, (own) => supportsNat(own, family)) === true;
      return { ...found, canNat: once(() => seen || ask()) };
    }),
  };
}

function withoutNftables(
  family: Family,
): Omit<NftFamily, "seen" | "nft"> & { readonly canNat: () => boolean } {
  return {
    family,
    table: { family, exists: false, altered: false, sets: [], chains: [] },
    canNat: () => false,
    rivals: [],
  };
}

function once<Value>(compute: () => Value): () => Value {
  let known: { readonly value: Value } | undefined;
  return () => (known ??= { value: compute() }).value;
}
