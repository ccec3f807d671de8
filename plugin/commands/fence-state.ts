import { planFencePolicies } from "../fence/policies.ts";
import { planRules } from "../fence/rules.ts";
import type { FenceWill } from "../fence/will.ts";
import type { Session } from "../kernel/session.ts";
import { type Look, orThrow } from "../node/look.ts";
import type { Options } from "./options.ts";
import type { Terminal } from "./command.ts";

/** What stands between pods and the wire, whatever is wrong with the rest. */
interface FenceState {
  /** Whether each layer stands as a whole; a sentence where that cannot be seen. */
  readonly policies: boolean | string;
  readonly rules: boolean | string;
  readonly clusters: Readonly<Record<string, FencedCluster>>;
}

interface FencedCluster {
  readonly cidrs: readonly string[];
  /** Whether a file speaks of it; else it is remembered. */
  readonly hasFile: boolean;
}

/** The look itself, where there is no trouble; else the fence is shown before the trouble is thrown. */
export function orShowFence(
  look: Look,
  session: Session,
  { options, terminal }: { options: Options; terminal: Terminal },
): Look {
  if (look.trouble === undefined) return look;
  const fence = fenceState(session, look);
  terminal.writeStdout(
    options.json
      ? `${JSON.stringify({ fence }, undefined, 2)}\n`
      : toText(fence),
  );
  return orThrow(look);
}

function fenceState(session: Session, { decision }: Look): FenceState {
  const will: FenceWill = { wanted: decision.will.wanted, released: [] };
  const unlinked = new Set(decision.unlinked);
  return {
    policies: seen(
      () => planFencePolicies(will, session.xfrm.policies()).length,
    ),
    rules: seen(() => planRules(session.kernel, will).operations.length),
    clusters: Object.fromEntries(
      [...decision.memory.clusters].map(([name, { cidrs }]) => [
        name,
        {
          cidrs: cidrs.map(({ text }) => text),
          hasFile: !unlinked.has(name),
        },
      ]),
    ),
  };
}

function seen(missing: () => number): boolean | string {
  try {
    return missing() === 0;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function toText({ policies, rules, clusters }: FenceState): string {
  const fenced = Object.entries(clusters).map(
    ([name, { cidrs, hasFile }]) =>
      `Fenced: cluster ${name}${hasFile ? "" : ", which has no file"}: ${cidrs.join(", ")}\n`,
  );
  if (fenced.length === 0) return "Nothing is fenced on this node.\n";
  return [
    ...fenced,
    `Fence, policies: ${inWords(policies)}\n`,
    `Fence, rules: ${inWords(rules)}\n`,
  ].join("");
}

function inWords(state: boolean | string): string {
  if (typeof state === "string") return `cannot be seen: ${state}`;
  return state ? "stand" : "not all stand; `crosslink apply` raises them";
}
