import type { NftablesClient } from "../../native/index.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { mayFilterAhead } from "./base/foreign.ts";
import { withNftables } from "../kernel/nftables.ts";
import { chainReader } from "./passed-chains.ts";
import { type BaseChain, byTurn } from "./trace/base-chain.ts";
import { type Flow, type FlowDevice, NO_MARKS } from "./trace/flow.ts";
import { meets, type Taken, takenBy, takenOnTheWay } from "./trace/passage.ts";
import { type Finding, takesAny } from "./trace/trace.ts";

/**
 * What takes packets between own and remote pods away while they are forwarded, whatever rules of ours accept: chains of
 * nf_tables whose policy drops, those at a device among them, and rules of either packet filter that drop or reject. One
 * sentence each.
 */
export function forwardObstacles(
  kernel: Kernel,
  flows: () => readonly Flow[],
  { withTunnels = false, mayMark = () => false }: ObstaclesLook = {},
): string[] {
  const look = (client?: NftablesClient): string[] => {
    const reader = chainReader(kernel, client);
    const chains = reader.filters(withTunnels);
    const taking = chains.filter(({ chain }) => takesAny(chain));
    if (taking.length === 0) return [];
    const known = flows();
    const found = each(known, (flow) => {
      const unmarked = { ...flow, mark: undefined, connectionMark: undefined };
      return taking
        .filter((chain) => meets(chain, flow))
        .flatMap((chain) => takenBy(chain, unmarked));
    });
    const text = sentences(found);
    // Whose marks decide is looked at only where they do: what others call for address translation may be thousands of rules.
    if (!found.some(({ taken }) => taken.finding.share === "maybe"))
      return text;
    const all = [...reader.filters(true), ...reader.markers()].sort(byTurn);
    const takenOf = takenOnTheWay(all, (flow) => withMarks(flow, mayMark));
    const isTaking = new Set(taking.map(({ name }) => name));
    return sentences(
      each(known, (flow) =>
        takenOf(flow).filter(({ chain }) => isTaking.has(chain.name)),
      ),
    );
  };
  return withNftables(kernel, look) ?? look();
}

/** How much is looked at: what an ADD reads, others' chains of many rules among it, each ADD has to wait for. */
export interface ObstaclesLook {
  /** Whether chains count by which the tunnels' own packets come and go. */
  readonly withTunnels?: boolean;
  /** Whether something ahead of netfilter may mark what comes in by a device: tc, an eBPF program. */
  readonly mayMark?: (device: FlowDevice) => boolean;
}

/** Nobody has marked what comes in, but where that cannot be told. */
function withMarks(flow: Flow, mayMark: (device: FlowDevice) => boolean): Flow {
  const isUnknown = flow.inputs.some(mayMark);
  return { ...flow, ...NO_MARKS, ...(isUnknown && { mark: undefined }) };
}

interface Met {
  readonly flow: Flow;
  readonly taken: Taken;
}

/** What of the flows counts. */
function each(
  flows: readonly Flow[],
  takenOf: (flow: Flow) => readonly Taken[],
): Met[] {
  return flows.flatMap((flow) =>
    takenOf(flow)
      .filter(({ chain, finding }) => counts(chain, flow)(finding))
      .map((taken) => ({ flow, taken })),
  );
}

interface Obstacle {
  readonly taken: Taken;
  readonly flows: Flow[];
}

/** One a rule that takes something away, for all flows that it does so to. */
function sentences(met: readonly Met[]): string[] {
  const found = new Map<string, Obstacle>();
  for (const { flow, taken } of met) {
    const { chain, finding } = taken;
    const key = `${chain.name} ${wrapping(flow)} ${finding.share} ${finding.through.join(" ")} ${finding.rule ?? ""}`;
    const known = found.get(key) ?? { taken, flows: [] };
    known.flows.push(flow);
    found.set(key, known);
  }
  return [...found.values()].map(sentence);
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
    if (tunnel !== undefined) return share === "all" || share === "maybe";
    if (rule === undefined) return !isShared;
    return share === "all" || !through.some(mayFilterAhead);
  };
}

function sentence({ taken, flows }: Obstacle): string {
  const { name, at } = taken.chain;
  const { does, share, rule = "its policy", through } = taken.finding;
  const inner =
    through.length === 0 ? "" : ` of chain ${String(through.at(-1))}`;
  const what = share === "some" ? "some of what goes" : "what goes";
  const devices =
    at === undefined ? "" : ` at ${[...at.names].sort().join(", ")}`;
  const [wrapped, remedy] = WORDS[wrapping(flows[0])];
  const verb = share === "maybe" ? `may ${does}` : `${does}s`;
  const doubt =
    share === "maybe"
      ? ", as a mark decides that cannot be told from here"
      : "";
  return `Chain ${name}${devices} ${verb} ${wrapped ?? what} ${describeWays(flows)}, by ${rule}${inner}${doubt}: crosslink overrules nobody's firewall; ${remedy}`;
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
