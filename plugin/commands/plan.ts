import type { Bypass } from "../bypass/bypass.ts";
import { lookForBypasses } from "../bypass/observe.ts";
import { bypassLine } from "../bypass/words.ts";
import {
  type FullPlan,
  isEmpty,
  planFully,
  stepsOf,
  wantedBy,
} from "../node/full-plan.ts";
import type { LinkedNode } from "../node/linked.ts";
import { fileWarnings, LINKED_TO_NOTHING, lookAround } from "../node/look.ts";
import { troublesOf } from "../node/troubles.ts";
import { type DeviceNames, deviceNames } from "../reconcile/device-names.ts";
import { describeOperation, type Sign, signOf } from "../reconcile/sentence.ts";
import { withSession } from "../kernel/session.ts";
import type { Terminal } from "./command.ts";
import { orShowFence } from "./fence-state.ts";
import { type Options, configurationFor } from "./options.ts";

/** One line of a plan. */
interface PlanLine {
  /** `+` comes, `-` goes, `~` changes, `!` is in the way. */
  readonly sign: Sign | "!";
  readonly what: string;
}

/** `crosslink plan`: what this node would get, against what it has. Changes nothing. */
export function runPlan(options: Options, terminal: Terminal): number {
  const config = configurationFor(options);
  return withSession(terminal.kernel(), (session) => {
    const place = { config, host: terminal.host };
    const look = orShowFence(lookAround(session, place), session, {
      options,
      terminal,
    });
    const { node } = look;
    const plan = planFully(session, wantedBy(look, place));
    const bypasses = lookForBypasses(session, node?.mesh);
    const warnings = [
      ...(node?.mesh.warnings ?? []),
      ...fileWarnings(look),
      ...troublesOf(session, node),
    ];
    const lines = planLines(plan, deviceNames(session.route));
    const facts = { node, plan, bypasses, warnings, lines };
    terminal.writeStdout(options.json ? toJson(facts) : toText(facts));
    return 0;
  });
}

/** All that `crosslink plan` shows. */
interface PlanFacts {
  readonly node: LinkedNode | undefined;
  readonly plan: FullPlan;
  readonly bypasses: readonly Bypass[];
  readonly warnings: readonly string[];
  readonly lines: readonly PlanLine[];
}

/** The lines of a plan, in the order in which they would be taken. */
function planLines(plan: FullPlan, names: DeviceNames): PlanLine[] {
  return [
    ...plan.node.conflicts.map((what) => ({ sign: "!", what }) as const),
    ...stepsOf(plan).map((step) => ({
      sign: signOf(step),
      what: describeOperation(step, names),
    })),
  ];
}

function toText({ node, plan, bypasses, warnings, lines }: PlanFacts): string {
  const body = [
    ...bypasses.map(bypassLine),
    ...lines.map(({ sign, what }) => `${sign} ${what}`),
  ]
    .map((line) => `${line}\n`)
    .join("");
  return `${describeNode(node, warnings)}${body}${summary(plan, lines)}\n`;
}

function describeNode(
  node: LinkedNode | undefined,
  warnings: readonly string[],
): string {
  const warned = warnings.map((warning) => `Warning: ${warning}\n`).join("");
  if (node === undefined) return `${LINKED_TO_NOTHING}\n${warned}`;
  const { self, localCidrs } = node;
  const lines = [
    `Node ${self.node.name} of cluster ${self.source.cluster.name} (${self.source.file})`,
    ...localCidrs.map(
      ({ cidr, origin }) => `Pod CIDR ${cidr.text}, from ${origin}`,
    ),
    "",
  ];
  return `${lines.join("\n")}${warned}`;
}

function summary(plan: FullPlan, lines: readonly PlanLine[]): string {
  if (isEmpty(plan)) return "Nothing to do: the node is what its files say.";
  const count = (sign: PlanLine["sign"]): string =>
    String(lines.filter((line) => line.sign === sign).length);
  return `${count("+")} to add, ${count("~")} to change, ${count("-")} to remove, ${count("!")} in the way.`;
}

function toJson({ node, bypasses, warnings, lines }: PlanFacts): string {
  const facts = {
    cluster: node?.self.source.cluster.name ?? null,
    node: node?.self.node.name ?? null,
    podCIDRs:
      node?.localCidrs.map(({ cidr, origin }) => ({
        cidr: cidr.text,
        origin,
      })) ?? [],
    warnings,
    bypasses,
    changes: lines,
  };
  return `${JSON.stringify(facts, undefined, 2)}\n`;
}
