import type { Binding } from "../binding.ts";
import type { Conversation, Request } from "../conversation.ts";
import { ignoring, type NetlinkError } from "../error.ts";
import { NFPROTO_UNSPEC } from "../nfnetlink.ts";
import { NETLINK_NETFILTER, openConversation } from "../socket.ts";
import type { NamespaceOption } from "../socket.ts";
import { commit, generation, isStale } from "./batch.ts";
import type { Refusal } from "./batch.ts";
import { decodeChain, dumpChains } from "./chain.ts";
import type { ObservedChain } from "./chain.ts";
import { decodeElements, dumpElements } from "./element.ts";
import type { Element } from "./element.ts";
import { decodeFlowtable, dumpFlowtables } from "./flowtable.ts";
import type { Flowtable } from "./flowtable.ts";
import { dumpRules, ruleDecoder } from "./rule.ts";
import type { ObservedRule } from "./rule.ts";
import { decodeSet, dumpSets } from "./set.ts";
import type { ObservedSet, SetName } from "./set.ts";
import { decodeTable, dumpTables } from "./table.ts";
import type { ObservedTable, TableName } from "./table.ts";

/** nf_tables in one network namespace. Lists of what does not exist are empty; other refusals throw NetlinkError. */
export interface NftablesClient {
  /** Number of the ruleset's current generation. EINVAL or EOPNOTSUPP where the kernel has no nf_tables. */
  generation(): number;
  /** Tables of a family, or of all. */
  tables(family?: number): ObservedTable[];
  /** Chains of a family, or of all. */
  chains(family?: number): ObservedChain[];
  /** Rules of one chain or of a whole table, in their order. */
  rules(name: TableName & { readonly chain?: string }): ObservedRule[];
  sets(name: TableName): ObservedSet[];
  elements(name: SetName): Element[];
  /** Of all families and tables; none where the kernel has no flowtables. */
  flowtables(): Flowtable[];
  /** One transaction, once: what the kernel refused, or nothing. Nothing of a refused one takes effect. */
  tryTransaction(
    operations: readonly Request[],
    generation?: number,
  ): Refusal[];
  close(): void;
}

/** Opens a client of the namespace. Throws NetlinkError. */
export function openNftables(
  binding: Binding,
  options: NamespaceOption = {},
): NftablesClient {
  return nftablesOver(openConversation(binding, NETLINK_NETFILTER, options));
}

/** A client over a conversation that is already there, which it then owns. */
function nftablesOver(conversation: Conversation): NftablesClient {
  const list = <Item>(request: Request, decode: (body: Uint8Array) => Item) =>
    dumpOrNothing(conversation, request).map(({ body }) => decode(body));
  return {
    generation: () => generation(conversation),
    tables: (family = NFPROTO_UNSPEC) => list(dumpTables(family), decodeTable),
    chains: (family = NFPROTO_UNSPEC) => list(dumpChains(family), decodeChain),
    rules: (name) => list(dumpRules(name), ruleDecoder()),
    sets: (name) => list(dumpSets(name), decodeSet),
    elements: (name) => list(dumpElements(name), decodeElements).flat(),
    flowtables: () =>
      ignoring(["EINVAL", "EOPNOTSUPP"], () =>
        list(dumpFlowtables(), decodeFlowtable),
      ) ?? [],
    tryTransaction: (operations, expected) =>
      commit(conversation, operations, expected),
    close: () => {
      conversation.close();
    },
  };
}

/** The same client, which lists the rules of each chain once: what it says then is of one look, and for readers only. */
export function listingOnce(client: NftablesClient): NftablesClient {
  const known = new Map<string, ObservedRule[]>();
  return {
    ...client,
    rules: (name) => {
      const key = `${name.family} ${name.table} ${name.chain ?? ""}`;
      const rules = known.get(key) ?? client.rules(name);
      known.set(key, rules);
      return rules;
    },
  };
}

/** How patient `transact` is. */
export interface TransactOptions {
  /** How often the operations are built and sent before it gives up. Default 100. */
  readonly attempts?: number;
}

/**
 * Builds operations from what the ruleset is, and commits them only if it still is that; otherwise builds them anew, a
 * bounded number of times. `build` gets the generation it works on. Throws the kernel's first refusal; ERESTART when the
 * ruleset never stood still.
 */
export function transact(
  client: NftablesClient,
  build: (generation: number) => readonly Request[],
  { attempts = 100 }: TransactOptions = {},
): void {
  for (let attempt = 1; ; attempt++) {
    const expected = client.generation();
    const refusals = client.tryTransaction(build(expected), expected);
    const [first] = refusals;
    if (first === undefined) return;
    if (!isStale(refusals) || attempt >= attempts) throw first.error;
  }
}

function dumpOrNothing(conversation: Conversation, request: Request) {
  try {
    return conversation.dump(request);
  } catch (error) {
    if ((error as NetlinkError).code === "ENOENT") return [];
    throw error;
  }
}
