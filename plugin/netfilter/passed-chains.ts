import {
  NF_INET_FORWARD,
  NF_INET_LOCAL_IN,
  NF_INET_LOCAL_OUT,
  NF_INET_POST_ROUTING,
  NF_INET_PRE_ROUTING,
  NF_IP_PRI_FILTER,
  NF_IP_PRI_MANGLE,
  NF_IP_PRI_NAT_DST,
  NF_IP_PRI_NAT_SRC,
  NF_IP_PRI_RAW,
  NF_IP_PRI_SECURITY,
  type NftablesClient,
} from "../../native/index.ts";
import { remembered } from "../kernel/remembered.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { FAMILIES, type Family } from "./base/family.ts";
import { parseSave, type SavedTable } from "./base/save.ts";
import { findLegacy, legacyTables } from "./legacy/program.ts";
import type { BaseChain, HookedAt } from "./trace/base-chain.ts";
import { nftBaseChains, nftDeviceChains } from "./trace/nft-chains.ts";
import { savedBaseChain, type SavedChainName } from "./trace/saved-chains.ts";

/** Reads chains of others that the kernel calls for packets that pass this node. Rules are read when they are asked for. */
export interface ChainReader {
  /** Those that filter; with tunnels those as well by which the node's own packets come and go. */
  readonly filters: (withTunnels: boolean) => BaseChain[];
  /** Those that translate addresses, and may mark. */
  readonly markers: () => BaseChain[];
}

/** Where a packet that is forwarded comes by. */
const HOOKS: readonly HookedAt[] = [
  { type: "filter", hook: NF_INET_PRE_ROUTING },
  { type: "filter", hook: NF_INET_FORWARD },
  { type: "filter", hook: NF_INET_POST_ROUTING },
];

/** And one that comes to the node itself, or from it. */
const TUNNEL_HOOKS: readonly HookedAt[] = [
  { type: "filter", hook: NF_INET_LOCAL_IN },
  { type: "filter", hook: NF_INET_LOCAL_OUT },
  { type: "route", hook: NF_INET_LOCAL_OUT },
];

const NAT_HOOKS: readonly HookedAt[] = [
  { type: "nat", hook: NF_INET_PRE_ROUTING },
  { type: "nat", hook: NF_INET_LOCAL_IN },
  { type: "nat", hook: NF_INET_LOCAL_OUT },
  { type: "nat", hook: NF_INET_POST_ROUTING },
];

/** The same of legacy iptables. */
type Saved = Omit<SavedChainName, "family">;

const SAVED_CHAINS: readonly Saved[] = [
  { table: "raw", chain: "PREROUTING", priority: NF_IP_PRI_RAW },
  { table: "mangle", chain: "PREROUTING", priority: NF_IP_PRI_MANGLE },
  { table: "mangle", chain: "FORWARD", priority: NF_IP_PRI_MANGLE },
  { table: "filter", chain: "FORWARD", priority: NF_IP_PRI_FILTER },
  { table: "security", chain: "FORWARD", priority: NF_IP_PRI_SECURITY },
  { table: "mangle", chain: "POSTROUTING", priority: NF_IP_PRI_MANGLE },
];

const SAVED_TUNNEL_CHAINS: readonly Saved[] = [
  { table: "mangle", chain: "INPUT", priority: NF_IP_PRI_MANGLE },
  { table: "filter", chain: "INPUT", priority: NF_IP_PRI_FILTER },
  { table: "security", chain: "INPUT", priority: NF_IP_PRI_SECURITY },
  { table: "raw", chain: "OUTPUT", priority: NF_IP_PRI_RAW },
  { table: "mangle", chain: "OUTPUT", priority: NF_IP_PRI_MANGLE },
  { table: "filter", chain: "OUTPUT", priority: NF_IP_PRI_FILTER },
  { table: "security", chain: "OUTPUT", priority: NF_IP_PRI_SECURITY },
];

const SAVED_NAT_CHAINS: readonly Saved[] = [
  { table: "nat", chain: "PREROUTING", priority: NF_IP_PRI_NAT_DST },
  { table: "nat", chain: "INPUT", priority: NF_IP_PRI_NAT_SRC },
  { table: "nat", chain: "OUTPUT", priority: NF_IP_PRI_NAT_DST },
  { table: "nat", chain: "POSTROUTING", priority: NF_IP_PRI_NAT_SRC },
];

/** `client` where the kernel has nf_tables. */
export function chainReader(
  kernel: Kernel,
  client: NftablesClient | undefined,
): ChainReader {
  const saved = savedReader(kernel);
  const list = client?.chains() ?? [];
  const nft = (hooks: readonly HookedAt[]) =>
    client === undefined
      ? []
      : hooks.flatMap((wanted) => nftBaseChains(client, list, wanted));
  return {
    filters: (withTunnels) => [
      ...nft(withTunnels ? [...HOOKS, ...TUNNEL_HOOKS] : HOOKS),
      ...(client === undefined ? [] : nftDeviceChains(client, list)),
      ...saved(
        withTunnels ? [...SAVED_CHAINS, ...SAVED_TUNNEL_CHAINS] : SAVED_CHAINS,
      ),
    ],
    markers: () => [...nft(NAT_HOOKS), ...saved(SAVED_NAT_CHAINS)],
  };
}

function savedReader(
  kernel: Kernel,
): (wanted: readonly Saved[]) => BaseChain[] {
  const program = findLegacy(kernel);
  const tablesOf = remembered(
    (family: Family): ReadonlyMap<string, SavedTable> =>
      parseSave(program?.save(family) ?? ""),
  );
  const inUse = remembered((family: Family) => legacyTables(kernel, family));
  return (wanted) =>
    FAMILIES.flatMap((family) => {
      if (!wanted.some(({ table }) => inUse(family).has(table))) return [];
      return wanted.flatMap((name) => {
        const saved = tablesOf(family).get(name.table);
        return saved === undefined
          ? []
          : [savedBaseChain(saved, { family, ...name })];
      });
    });
}
