import {
  NF_INET_FORWARD,
  NF_INET_LOCAL_IN,
  NF_INET_LOCAL_OUT,
  NF_INET_POST_ROUTING,
  NF_INET_PRE_ROUTING,
  NF_IP_PRI_FILTER,
  NF_IP_PRI_MANGLE,
  NF_IP_PRI_RAW,
} from "../../native/index.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { FAMILIES } from "./base/family.ts";
import { findLegacy, legacyTables } from "./legacy/program.ts";
import { parseSave } from "./base/save.ts";
import { withNftables } from "./nft/available.ts";
import { mayFilterAhead } from "./base/foreign.ts";
import { atDevices } from "./trace/at-devices.ts";
import type { BaseChain } from "./trace/base-chain.ts";
import { type Flow, least } from "./trace/flow.ts";
import { nftBaseChains, nftDeviceChains } from "./trace/nft-chains.ts";
import { savedBaseChain, type SavedChainName } from "./trace/saved-chains.ts";
import { type Finding, takesAny, trace } from "./trace/trace.ts";

/**
 * What takes packets between own and remote pods away while they are forwarded, whatever rules of ours accept: chains of
 * nf_tables whose policy drops, those at a device among them, and rules of either packet filter that drop or reject. One
 * sentence each.
 */
export function forwardObstacles(
  kernel: Kernel,
  flows: () => readonly Flow[],
  { withTunnels = false }: ObstaclesLook = {},
): string[] {
  let known: readonly Flow[] | undefined;
  const look = (chain: BaseChain): string[] =>
    takesAny(chain.chain) ? obstaclesIn(chain, (known ??= flows())) : [];
  const nft = withNftables(kernel, (client) => {
    const chains = client.chains();
    return [
      ...(withTunnels ? [...HOOKS, ...TUNNEL_HOOKS] : HOOKS).flatMap((wanted) =>
        nftBaseChains(client, chains, wanted),
      ),
      ...nftDeviceChains(client, chains),
    ].flatMap(look);
  });
  const saved = withTunnels
    ? [...SAVED_CHAINS, ...SAVED_TUNNEL_CHAINS]
    : SAVED_CHAINS;
  return [...(nft ?? []), ...legacyChains(kernel, saved).flatMap(look)];
}

/** How much is looked at: what an ADD reads, others' chains of many rules among it, each ADD has to wait for. */
export interface ObstaclesLook {
  /** Whether chains count by which the tunnels' own packets come and go. */
  readonly withTunnels?: boolean;
}

/** Where a packet that is forwarded comes by, in its order. */
const HOOKS = [
  { type: "filter", hook: NF_INET_PRE_ROUTING },
  { type: "filter", hook: NF_INET_FORWARD },
  { type: "filter", hook: NF_INET_POST_ROUTING },
] as const;

/** And one that comes to the node itself, or from it. */
const TUNNEL_HOOKS = [
  { type: "filter", hook: NF_INET_LOCAL_IN },
  { type: "filter", hook: NF_INET_LOCAL_OUT },
  { type: "route", hook: NF_INET_LOCAL_OUT },
] as const;

/** The same of legacy iptables. */
const SAVED_TUNNEL_CHAINS = [
  { table: "mangle", chain: "INPUT", priority: NF_IP_PRI_MANGLE },
  { table: "filter", chain: "INPUT", priority: NF_IP_PRI_FILTER },
  { table: "raw", chain: "OUTPUT", priority: NF_IP_PRI_RAW },
  { table: "mangle", chain: "OUTPUT", priority: NF_IP_PRI_MANGLE },
  { table: "filter", chain: "OUTPUT", priority: NF_IP_PRI_FILTER },
] as const;

const SAVED_CHAINS = [
  { table: "raw", chain: "PREROUTING", priority: NF_IP_PRI_RAW },
  { table: "mangle", chain: "PREROUTING", priority: NF_IP_PRI_MANGLE },
  { table: "mangle", chain: "FORWARD", priority: NF_IP_PRI_MANGLE },
  { table: "filter", chain: "FORWARD", priority: NF_IP_PRI_FILTER },
  { table: "mangle", chain: "POSTROUTING", priority: NF_IP_PRI_MANGLE },
] as const;

function legacyChains(
  kernel: Kernel,
  wanted: readonly Omit<SavedChainName, "family">[],
): BaseChain[] {
  const program = findLegacy(kernel);
  if (program === undefined) return [];
  return FAMILIES.flatMap((family) => {
    const inUse = legacyTables(kernel, family);
    if (!wanted.some(({ table }) => inUse.has(table))) return [];
    const tables = parseSave(program.save(family));
    return wanted.flatMap((name) => {
      const saved = tables.get(name.table);
      return saved === undefined
        ? []
        : [savedBaseChain(saved, { family, ...name })];
    });
  });
}

interface Obstacle {
  readonly finding: Finding;
  readonly flows: Flow[];
}

/** What a chain takes away, by the rule that does. */
function obstaclesIn(chain: BaseChain, flows: readonly Flow[]): string[] {
  const found = new Map<string, Obstacle>();
  for (const flow of flows) {
    if (!meets(chain, flow)) continue;
    for (const finding of findingsOf(chain, flow).filter(counts(chain, flow))) {
      const key = `${wrapping(flow)} ${finding.share} ${finding.through.join(" ")} ${finding.rule ?? ""}`;
      const known = found.get(key) ?? { finding, flows: [] };
      known.flows.push(flow);
      found.set(key, known);
    }
  }
  return [...found.values()].map((obstacle) => sentence(chain, obstacle));
}

function meets({ families, ways }: BaseChain, flow: Flow): boolean {
  return (
    families.includes(flow.family) &&
    ways.includes(flow.tunnel?.way ?? "forward")
  );
}

function findingsOf({ chain, at }: BaseChain, flow: Flow): Finding[] {
  if (at === undefined) return trace(chain, flow);
  const here = atDevices(flow, at);
  return trace(chain, here.flow).map((finding) => ({
    ...finding,
    share: least(finding.share, here.share),
  }));
}

/**
 * Accepts of ours make up for the policy of iptables' chains; a network policy that takes some packets away does its work,
 * and whether a rule for some ports means a tunnel cannot be told.
 */
function counts(
  { isShared }: BaseChain,
  { tunnel }: Flow,
): (finding: Finding) => boolean {
  return ({ does, share, rule, through }) => {
    if (does === "rewrite" || share === "unknown" || share === "none")
      return false;
    if (tunnel !== undefined) return share === "all";
    if (rule === undefined) return !isShared;
    return share === "all" || !through.some(mayFilterAhead);
  };
}

function sentence(
  { name, at }: BaseChain,
  { finding, flows }: Obstacle,
): string {
  const { does, share, rule = "its policy", through } = finding;
  const inner =
    through.length === 0 ? "" : ` of chain ${String(through.at(-1))}`;
  const what = share === "all" ? "what goes" : "some of what goes";
  const devices =
    at === undefined ? "" : ` at ${[...at.names].sort().join(", ")}`;
  const [wrapped, remedy] = WORDS[wrapping(flows[0])];
  return `Chain ${name}${devices} ${does}s ${wrapped ?? what} ${describeWays(flows)}, by ${rule}${inner}: crosslink overrules nobody's firewall; ${remedy}`;
}

function wrapping(flow: Flow | undefined): keyof typeof WORDS {
  return flow?.tunnel?.in ?? "nothing";
}

const WORDS = {
  nothing: [undefined, "accept own and remote pod networks there ahead of it"],
  ESP: [
    "the ESP",
    "accept IP protocol 50 (ESP) of the peers there ahead of it",
  ],
  UDP: [
    "the ESP in UDP",
    "accept UDP port 4500 of the peers there ahead of it",
  ],
} as const;

function describeWays(flows: readonly Flow[]): string {
  const [flow] = flows;
  if (flow === undefined) return "";
  const others = flows.length - 1;
  const ways = others === 1 ? "one more way" : `${String(others)} more ways`;
  const more = others === 0 ? "" : ` and on ${ways}`;
  return `from ${flow.source.text} to ${flow.destination.text}${more}`;
}
