import { NFPROTO_INET } from "../../../native/nfnetlink.ts";
import type { NftablesClient } from "../../../native/nftables/client.ts";
import {
  describe,
  type ObservedChain,
} from "../../../native/nftables/chain.ts";
import { NF_INET_POST_ROUTING } from "../../../native/nftables/constants.ts";
import { type Family, traitsOf } from "../base/family.ts";
import { observeNftChain, observeOwnTable, type Outline } from "./dump.ts";
import { OWN_TABLE } from "../../owned.ts";
import { mayObject } from "../shared/dropping.ts";
import { mayRewrite } from "../shared/rewriting.ts";
import { backendOf } from "../backend.ts";
import type { ObservedFamily, Rival } from "../state.ts";

/** What nf_tables says of a family. */
export type NftFamily = Pick<
  ObservedFamily,
  "family" | "table" | "nft" | "rivals"
> & {
  /** Whether a NAT chain of the family is there, so that nobody need ask whether there can be one. */
  readonly seen: boolean;
};

/** Reads our table, and iptables-nft's chains that rules of ours are in. */
export function observeNftFamily(
  client: NftablesClient,
  outline: Outline,
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
    rivals: outline.chains.flatMap((chain) => rivalIn(chain, number)),
  };
}

function rivalIn(chain: ObservedChain, wanted: number): Rival[] {
  const { family, table, base } = chain;
  if (family !== wanted && family !== NFPROTO_INET) return [];
  if (base?.type !== "nat" || base.hook !== NF_INET_POST_ROUTING) return [];
  // Tables of the family inet are others', whatever their names.
  if (family === wanted && (table === OWN_TABLE || isIptables(chain)))
    return [];
  return [{ name: describe(chain), priority: base.priority }];
}

/** iptables-nft's, where our rules are. */
function isIptables({ table, chain }: ObservedChain): boolean {
  return table === "nat" && chain === "POSTROUTING";
}
