import type { PacketMark } from "../base/mark.ts";
import type { Flow, Share } from "./flow.ts";
import type { Marking } from "./marking.ts";
import {
  marked,
  NOTHING,
  split,
  type Stream,
  streamOf,
  together,
} from "./stream.ts";

/** What a rule does with packets that it matches. */
export type Action =
  | { readonly kind: "continue" | "accept" | "return" }
  /** Ends their way, or gives them another source. */
  | { readonly kind: "drop" | "reject" | "rewrite" }
  | { readonly kind: "jump" | "goto"; readonly chain: string }
  /** Marks them, and goes on with what the rule does behind that. */
  | {
      readonly kind: "mark";
      readonly marking: Marking;
      readonly behind: readonly TracedRule[];
    };

/** A rule of either packet filter, as far as it decides about packets' ways. */
export interface TracedRule {
  readonly matches: (flow: Flow) => Share;
  readonly action: Action;
  /** That it asks packets for. */
  readonly marks: readonly PacketMark[];
  /** How an admin finds it: `rule 2 (handle 5)`. */
  readonly name: string;
}

/** A base chain, and the chains of its table. */
export interface TracedChain {
  readonly policy: "accept" | "drop";
  readonly rules: readonly TracedRule[];
  /** Rules of a chain that is jumped to; none where it is not there. */
  readonly chain: (name: string) => readonly TracedRule[];
}

/** A rule, or the chain's policy, that takes packets of a flow away. */
export interface Finding {
  readonly does: "drop" | "reject" | "rewrite";
  readonly share: Share;
  /** Undefined for the policy. */
  readonly rule?: string;
  /** Chains on the way from the base chain to the rule. */
  readonly through: readonly string[];
}

/** What happens in a chain to packets of a flow, as the kernel would walk it with one of them. */
export function trace(chain: TracedChain, flow: Flow): readonly Finding[] {
  return walk(chain, streamOf(flow)).findings;
}

/** What a chain does with what comes to it. */
interface Outcome {
  readonly findings: readonly Finding[];
  /** What it lets through, with the marks that it has then. */
  readonly passed: Stream;
}

/** The same for packets that rules before it may have marked in several ways. */
export function walk(chain: TracedChain, stream: Stream): Outcome {
  const findings: Finding[] = [];
  const passed: Stream[] = [];
  const { end, returned } = follow({ chain, findings, passed }, chain.rules, {
    stream,
    through: [],
  });
  const left = together([end, returned]);
  if (chain.policy !== "drop") passed.push(left);
  else if (left.share !== "none")
    findings.push({ does: "drop", share: left.share, through: [] });
  return { findings, passed: together(passed) };
}

/** Whether anything in a chain, or where it leads, takes packets away. Costs no look at any flow. */
export function takesAny(chain: TracedChain): boolean {
  return (
    chain.policy === "drop" ||
    reachableRules(chain).some(({ action }) =>
      ["drop", "reject", "rewrite"].includes(action.kind),
    )
  );
}

/** Rules of a chain, and of all chains that it leads to, each once: they are read by that. */
export function reachableRules({ rules, chain }: TracedChain): TracedRule[] {
  const seen = new Set<string>();
  const found: TracedRule[] = [];
  const visit = (list: readonly TracedRule[]): void => {
    for (const rule of list) {
      found.push(rule);
      const { action } = rule;
      if (action.kind === "mark") visit(action.behind);
      if (!("chain" in action) || seen.has(action.chain)) continue;
      seen.add(action.chain);
      visit(chain(action.chain));
    }
  };
  visit(rules);
  return found;
}

interface Walk {
  readonly chain: TracedChain;
  readonly findings: Finding[];
  /** What was accepted on the way. */
  readonly passed: Stream[];
}

interface Arrival {
  /** What comes here. */
  readonly stream: Stream;
  readonly through: readonly string[];
}

/** NFT_JUMP_STACK_SIZE, include/net/netfilter/nf_tables.h: the kernel refuses deeper rulesets. */
const DEEPEST = 16;

/** How rules are left: at their end, or by a return. */
interface Left {
  readonly end: Stream;
  readonly returned: Stream;
}

function follow(
  walk: Walk,
  rules: readonly TracedRule[],
  { stream, through }: Arrival,
): Left {
  let here = stream;
  const back: Stream[] = [];
  for (const rule of rules) {
    if (here.packets.length === 0) break;
    const { matched, rest } = split(here, rule.matches);
    if (matched.packets.length === 0) continue;
    const before = takenBy(walk);
    const { end, returned } = take(walk, rule, { stream: matched, through });
    const isWhole = returned.packets.length === 0 && takenBy(walk) === before;
    if (!isWhole) back.push(returned);
    here = together([rest, end], isWhole ? here.share : undefined);
  }
  return { end: here, returned: together(back) };
}

/** As long as this is the same nothing was accepted or taken away. */
function takenBy({ findings, passed }: Walk): number {
  return findings.length + passed.length;
}

function take(walk: Walk, rule: TracedRule, arrival: Arrival): Left {
  const { action } = rule;
  const { stream, through } = arrival;
  switch (action.kind) {
    case "continue":
      return { end: stream, returned: NOTHING };
    case "accept":
      walk.passed.push(stream);
      return GONE;
    case "return":
      return { end: NOTHING, returned: stream };
    case "jump":
      return { end: enter(walk, action.chain, arrival), returned: NOTHING };
    case "goto":
      return { end: NOTHING, returned: enter(walk, action.chain, arrival) };
    case "mark": {
      const changed = marked(stream, action.marking);
      return follow(walk, action.behind, { stream: changed, through });
    }
    case "drop":
    case "reject":
    case "rewrite":
      return end(walk, { does: action.kind, rule: rule.name }, arrival);
  }
}

/** What gets another source goes on. */
function end(
  { findings, passed }: Walk,
  found: Pick<Finding, "does" | "rule">,
  { stream, through }: Arrival,
): Left {
  findings.push({ ...found, share: stream.share, through });
  if (found.does === "rewrite") passed.push(stream);
  return GONE;
}

const GONE: Left = { end: NOTHING, returned: NOTHING };

function enter(
  walk: Walk,
  chain: string,
  { stream, through }: Arrival,
): Stream {
  if (through.length >= DEEPEST) return stream;
  const { end, returned } = follow(walk, walk.chain.chain(chain), {
    stream,
    through: [...through, chain],
  });
  return together([end, returned]);
}
