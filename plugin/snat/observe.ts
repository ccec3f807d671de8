import { NetlinkError } from "../../native/error.ts";
import { familyName } from "../../native/nftables/request.ts";
import {
  type NftablesClient,
  openNftables,
} from "../../native/nftables/client.ts";
import { NF_INET_POST_ROUTING } from "../../native/nftables/constants.ts";
import { NFPROTO_INET } from "../../native/nfnetlink.ts";
import { type Kernel, using } from "../kernel.ts";
import { FAMILIES, type Family, traitsOf } from "../netfilter/family.ts";
import {
  findLegacy,
  legacyTables,
  type LegacyProgram,
} from "../netfilter/legacy/program.ts";
import {
  legacySharedRule,
  parseSave,
  type SavedTable,
  targetOf,
} from "../netfilter/legacy/save.ts";
import {
  observeNftChain,
  observeOwnTable,
  type Outline,
} from "../netfilter/observe-nft.ts";
import { OWN_TABLE } from "../netfilter/own.ts";
import { supportsNat } from "../netfilter/probe.ts";
import {
  isBuiltIn,
  isNodeChain,
  mayRewrite,
  mayStayAhead,
  rewritesSource,
} from "../netfilter/shared/rewriting.ts";
import type {
  SharedChain,
  SharedChainName,
} from "../netfilter/shared/chain.ts";
import { IDENTITY_CHAIN } from "./identity.ts";
import type { ObservedBackend, ObservedFamily, ObservedSnat } from "./state.ts";

/** Reads what the node's netfilter does with source addresses. Changes nothing, and makes no table by looking. */
export function observeSnat(kernel: Kernel): ObservedSnat {
  // nf_tables last: the less time passes until its transaction, the less often somebody changes it in between.
  const legacy = FAMILIES.map((family) => observeLegacy(kernel, family));
  const nft = withNftables(kernel, observeNftables(kernel));
  return {
    ...(nft === undefined ? {} : { generation: nft.generation }),
    families: FAMILIES.map((family, index) => ({
      ...(nft?.families.get(family) ?? withoutNftables(family)),
      ...(legacy[index] ?? { legacyUnreadable: false }),
    })),
  };
}

type NftFamily = Omit<ObservedFamily, "legacy" | "legacyUnreadable">;

interface ObservedNftables {
  readonly generation: number;
  readonly families: ReadonlyMap<Family, NftFamily>;
}

/** Undefined where the kernel has no nf_tables: nfnetlink then answers EINVAL, or there is no such socket. */
function withNftables<Result>(
  { binding, netns }: Kernel,
  use: (client: NftablesClient, generation: number) => Result,
): Result | undefined {
  try {
    return using(openNftables(binding, { netns }), (client) =>
      use(client, client.generation()),
    );
  } catch (error) {
    if (error instanceof NetlinkError && ABSENT.includes(error.code))
      return undefined;
    throw error;
  }
}

const ABSENT = ["EINVAL", "EOPNOTSUPP", "EPROTONOSUPPORT"];

function observeNftables(kernel: Kernel) {
  return (client: NftablesClient, generation: number): ObservedNftables => {
    const outline = { tables: client.tables(), chains: client.chains() };
    return {
      generation,
      families: new Map(
        FAMILIES.map((family) => [
          family,
          observeNftFamily(kernel, client, outline, family),
        ]),
      ),
    };
  };
}

function observeNftFamily(
  kernel: Kernel,
  client: NftablesClient,
  outline: Outline,
  family: Family,
): NftFamily {
  const table = observeOwnTable(client, outline, family);
  const chain = observeNftChain(
    client,
    outline,
    nameOf("nft", family),
    mayRewrite,
  );
  const seen =
    chain.exists || table.chains.some(({ name }) => name === IDENTITY_CHAIN);
  const nat = outline.chains.filter(
    (item) => item.family === traitsOf(family).number && item.table === "nat",
  );
  return {
    family,
    table,
    canNat: once(
      () =>
        seen ||
        withNftables(kernel, (own) => supportsNat(own, family)) === true,
    ),
    nft: backendOf(
      chain,
      nat.map((item) => item.chain),
    ),
    rivals: rivalsOf(outline, family),
  };
}

function rivalsOf({ chains }: Outline, family: Family) {
  const { number } = traitsOf(family);
  return chains.flatMap(({ base, chain, table, family: other }) =>
    base?.type === "nat" &&
    base.hook === NF_INET_POST_ROUTING &&
    (other === number || other === NFPROTO_INET) &&
    table !== OWN_TABLE &&
    !(table === "nat" && chain === "POSTROUTING")
      ? [
          {
            name: `${familyName(other)} ${table} ${chain}`,
            priority: base.priority,
          },
        ]
      : [],
  );
}

function withoutNftables(family: Family): NftFamily {
  return {
    family,
    table: { family, exists: false, altered: false, sets: [], chains: [] },
    canNat: () => false,
    rivals: [],
  };
}

function observeLegacy(
  kernel: Kernel,
  family: Family,
): Pick<ObservedFamily, "legacy" | "legacyUnreadable"> {
  const inUse = legacyTables(kernel, family).has("nat");
  const program = findLegacy(kernel);
  if (program === undefined) return { legacyUnreadable: inUse };
  return {
    legacy: inUse ? readLegacy(program, family) : emptyLegacy(family),
    legacyUnreadable: false,
  };
}

function readLegacy(program: LegacyProgram, family: Family): ObservedBackend {
  const saved = parseSave(program.save(family, "nat"));
  const rules = saved.rules
    .filter(({ chain }) => chain === "POSTROUTING")
    .map((rule) =>
      legacySharedRule(rule, (foreign) => takesLegacy(targetOf(foreign))),
    );
  const chain = { ...nameOf("legacy", family), exists: true, rules };
  return withOtherRules(
    backendOf(
      chain,
      saved.chains.map(({ name }) => name),
    ),
    saved,
  );
}

/** A jump into a chain of others may lead to a masquerade. */
function takesLegacy(target: string | undefined): boolean {
  if (target === undefined || isBuiltIn(target)) return false;
  return rewritesSource(target) || !mayStayAhead(target);
}

function withOtherRules(
  backend: ObservedBackend,
  { rules }: SavedTable,
): ObservedBackend {
  const others = rules.some(({ chain }) => chain !== "POSTROUTING");
  return {
    ...backend,
    facts: { ...backend.facts, rules: backend.facts.rules || others },
  };
}

function emptyLegacy(family: Family): ObservedBackend {
  const chain = { ...nameOf("legacy", family), exists: false, rules: [] };
  return backendOf(chain, []);
}

function backendOf(
  chain: SharedChain,
  chains: readonly string[],
): ObservedBackend {
  const foreign = chain.rules.filter(({ key }) => key === undefined);
  return {
    chain,
    facts: {
      nodeChains: chains.some(isNodeChain),
      rewrites: foreign.some(({ takes }) => takes),
      rules: foreign.length > 0,
    },
    ahead: chains.filter((name) => name === "cali-POSTROUTING"),
  };
}

function nameOf(
  backend: SharedChainName["backend"],
  family: Family,
): SharedChainName {
  return { backend, family, table: "nat", chain: "POSTROUTING" };
}

function once<Value>(compute: () => Value): () => Value {
  let known: { readonly value: Value } | undefined;
  return () => (known ??= { value: compute() }).value;
}
