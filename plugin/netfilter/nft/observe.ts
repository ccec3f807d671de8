import { NFPROTO_INET } from "../../../native/nfnetlink.ts";
import type { NftablesClient } from "../../../native/nftables/client.ts";
import type { ObservedChain } from "../../../native/nftables/chain.ts";
import {
  NF_INET_FORWARD,
  NF_INET_POST_ROUTING,
} from "../../../native/nftables/constants.ts";
import type { Expression } from "../../../native/nftables/expression/expression.ts";
import { familyName } from "../../../native/nftables/request.ts";
import { expressionsOf } from "../../../native/nftables/rule.ts";
import { type Family, traitsOf } from "../base/family.ts";
import { observeNftChain, observeOwnTable, type Outline } from "./dump.ts";
import { OWN_TABLE } from "../base/own.ts";
import { chainJudge, mayDrop } from "../shared/dropping.ts";
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
    dropJudge(client, number),
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

/** Looks into chains that rules jump to, each once. */
function dropJudge(client: NftablesClient, family: number) {
  const chainDrops = chainJudge((chain, judge) =>
    client
      .rules({ family, table: "filter", chain })
      .some((rule) => mayDrop(expressionsOf(rule), judge)),
  );
  return (expressions: readonly Expression[]) =>
    mayDrop(expressions, chainDrops);
}

function rivalIn(chain: ObservedChain, wanted: number): Rival[] {
  const { family, table, base } = chain;
  if (family !== wanted && family !== NFPROTO_INET) return [];
  if (base === undefined || table === OWN_TABLE || isIptables(chain)) return [];
  const rival = {
    name: `${familyName(family)} ${table} ${chain.chain}`,
    priority: base.priority,
  };
  if (base.type === "nat" && base.hook === NF_INET_POST_ROUTING)
    return [{ ...rival, does: "nat" }];
  const drops = base.hook === NF_INET_FORWARD && base.policy === "drop";
  return drops ? [{ ...rival, does: "drop" }] : [];
}

/** iptables-nft's, where our rules are. */
function isIptables({ table, chain }: ObservedChain): boolean {
  return (
    (table === "nat" && chain === "POSTROUTING") ||
    (table === "filter" && chain === "FORWARD")
  );
}
