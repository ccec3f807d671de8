import { type Layers, layersOf, NO_RULES } from "../fence/layers.ts";
import type { Session } from "../kernel/session.ts";
import { type Look, orThrow } from "../node/look.ts";
import type { Options } from "./options.ts";
import type { Terminal } from "./command.ts";

/** What stands between pods and the wire, whatever is wrong with the rest. */
export interface FenceState extends Pick<Layers, "policies" | "rules"> {
  /** Whose rules the second layer is made of; null where there can be none. */
  readonly backend: Layers["backend"] | null;
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
  const fence = fenceState(look, layersOf(session, look.decision.will.wanted));
  terminal.writeStdout(
    options.json
      ? `${JSON.stringify({ fence }, undefined, 2)}\n`
      : toText(fence),
  );
  return orThrow(look);
}

/** How the fence stands, against what a look wants of it. */
export function fenceState(
  { decision }: Look,
  { policies, rules, backend }: Layers,
): FenceState {
  const unlinked = new Set(decision.unlinked);
  return {
    policies,
    rules,
    backend: backend ?? null,
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

/** The fence in one line, where all is well with the files. */
export function fenceLine({
  policies,
  rules,
  backend,
  clusters,
}: FenceState): string {
  const fenced = Object.entries(clusters);
  if (fenced.length === 0) return "Fence: nothing here is encrypted.";
  const cidrs = fenced.flatMap((entry) => entry[1].cidrs);
  const shown = cidrs.length > MOST_SHOWN ? [] : [` (${cidrs.join(", ")})`];
  const count = `${plural(cidrs.length, "CIDR")} of ${plural(fenced.length, "other cluster")}`;
  const layers = [
    `policies ${inWords(policies)}`,
    `${backend ?? "rules"} ${inWords(rules)}`,
  ];
  return `Fence: ${count}${shown.join("")}: ${layers.join(", ")}`;
}

/** More make a line that nobody reads; `--json` has them all. */
const MOST_SHOWN = 8;

function plural(count: number, word: string): string {
  return `${String(count)} ${word}${count === 1 ? "" : "s"}`;
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
  if (state === NO_RULES) return `none: ${state}`;
  if (typeof state === "string") return `cannot be seen: ${state}`;
  return state ? "stand" : "not all stand; `crosslink apply` raises them";
}
