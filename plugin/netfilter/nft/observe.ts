import type { NftablesClient } from "../../../native/index.ts";
import { type Family, traitsOf } from "../base/family.ts";
import { observeNftChain, observeOwnTable, type Outline } from "./dump.ts";
import { mayObject } from "../shared/dropping.ts";
import { mayRewrite } from "../shared/rewriting.ts";
import { backendOf } from "../backend.ts";
import type { ObservedFamily } from "../state.ts";
import type { BaseChain } from "../trace/base-chain.ts";

/** What nf_tables says of a family. */
export type NftFamily = Pick<ObservedFamily, "family" | "table" | "nft"> & {
  /** NAT of others behind routing, iptables-nft's among it. */
  readonly sourceNat: readonly BaseChain[];
  /** Whether a NAT chain of the family is there, so that nobody need ask whether there can be one. */
  readonly seen: boolean;
};

/** Reads our table, and iptables-nft's chains that rules of ours are in. */
export function observeNftFamily(
  client: NftablesClient,
  outline: Outline & { readonly sourceNat: readonly BaseChain[] },
  family: Family,
): NftFamily {
  const { number } = traitsOf(family);
  const name = { backend: "nft", family } as const;
  const postrouting = observeNftChain(
    client,
    outline,
    { ...name, table: "nat", chain: "POSTROUTING" },
    mayRewrite,
  );
  const forward = observeNftChain(
    client,
    outline,
    { ...name, table: "filter", chain: "FORWARD" },
    mayObject,
  );
  const ofFamily = outline.chains.filter((chain) => chain.family === number);
  return {
    family,
    table: observeOwnTable(client, outline, family),
    seen: ofFamily.some(({ base }) => base?.type === "nat"),
    nft: backendOf({
      postrouting,
      forward,
      chains: ofFamily
        .filter(({ table }) => table === "nat")
        .map(({ chain }) => chain),
    }),
    sourceNat: outline.sourceNat.filter(({ families }) =>
      families.includes(family),
    ),
  };
}
