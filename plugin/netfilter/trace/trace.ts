import type { Mark } from "../base/mark.ts";
import { type Flow, least, most, type Share } from "./flow.ts";

/** What a rule does with packets that it matches. */
export type Action =
  | { readonly kind: "continue" | "accept" | "return" }
  /** Ends their way, or gives them another source. */
  | { readonly kind: "drop" | "reject" | "rewrite" }
  | { readonly kind: "jump" | "goto"; readonly chain: string };

/** A rule of either packet filter, as far as it decides about packets' ways. */
export interface TracedRule {
  readonly matches: (flow: Flow) => Share;
  readonly action: Action;
  /** That it asks packets for. */
  readonly marks: readonly Mark[];
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
export function trace(chain: TracedChain, flow: Flow): Finding[] {
  const findings: Finding[] = [];
  const walk: Walk = { chain, flow, findings };
  const left = follow(walk, chain.rules, { reach: "all", through: [] });
  if (chain.policy === "drop" && left !== "none")
    findings.push({ does: "drop", share: left, through: [] });
  return findings;
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
  readonly flow: Flow;
  readonly findings: Finding[];
}

interface Place {
  /** How much of the flow comes here. */
  readonly reach: Share;
  readonly through: readonly string[];
}

/** NFT_JUMP_STACK_SIZE, include/net/netfilter/nf_tables.h: the kernel refuses deeper rulesets. */
const DEEPEST = 16;

/** Returns how much of the flow comes out at the chain's end, or is returned. */
function follow(
  walk: Walk,
  rules: readonly TracedRule[],
  { reach, through }: Place,
): Share {
  let here = reach;
  let back: Share = "none";
  for (const rule of rules) {
    const matched = rule.matches(walk.flow);
    if (here === "none") break;
    if (matched === "none") continue;
    const place = { reach: least(here, matched), through };
    const rest = matched === "all" ? "none" : least(here, "some");
    const { next, returned } = take(walk, rule, place);
    back = most(back, returned);
    here = next === "on" ? here : most(rest, next);
  }
  return most(back, here);
}

interface Taken {
  /** How much of what matched goes on behind the rule; `on` where all does. */
  readonly next: Share | "on";
  readonly returned: Share;
}

function take(walk: Walk, rule: TracedRule, place: Place): Taken {
  const { action } = rule;
  switch (action.kind) {
    case "continue":
      return { next: "on", returned: "none" };
    case "accept":
      return { next: "none", returned: "none" };
    case "return":
      return { next: "none", returned: place.reach };
    case "jump": {
      const out = enter(walk, action.chain, place);
      return { next: out === place.reach ? "on" : out, returned: "none" };
    }
    case "goto":
      return { next: "none", returned: enter(walk, action.chain, place) };
    case "drop":
    case "reject":
    case "rewrite":
      walk.findings.push({
        does: action.kind,
        share: place.reach,
        rule: rule.name,
        through: place.through,
      });
      return { next: "none", returned: "none" };
  }
}

function enter(walk: Walk, chain: string, { reach, through }: Place): Share {
  if (through.length >= DEEPEST) return reach;
  const inside = { reach, through: [...through, chain] };
  return follow(walk, walk.chain.chain(chain), inside);
}
