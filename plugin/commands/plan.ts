import { growSparingly } from "../agent/heap.ts";
import type { Bypass } from "../bypass/bypass.ts";
import { lookForBypasses } from "../bypass/observe.ts";
import { bypassLine } from "../bypass/words.ts";
import {
  type FullPlan,
  isEmpty,
  planFully,
  obstaclesOf,
  stepsOf,
  wantedBy,
} from "../node/full-plan.ts";
import type { LinkedNode } from "../node/linked.ts";
import { fileWarnings, LINKED_TO_NOTHING, lookAround } from "../node/look.ts";
import type { NodePlan } from "../node/plan.ts";
import { troublesOf } from "../node/troubles.ts";
import { type DeviceNames, deviceNames } from "../reconcile/device-names.ts";
import { describeOperation, type Sign, signOf } from "../reconcile/sentence.ts";
import { withSession } from "../kernel/session.ts";
import type { Terminal } from "./command.ts";
import {
  type Layers,
  layersOf,
  NO_RULES,
  rulesBackend,
} from "../fence/layers.ts";
import type { Kernel } from "../kernel/kernel.ts";
import {
  fenceLine,
  type FenceState,
  fenceState,
  orShowFence,
} from "./fence-state.ts";
import { type Options, configurationFor } from "./options.ts";

/** One line of a plan. */
interface PlanLine {
  /** `+` comes, `-` goes, `~` changes, `!` is in the way. */
  readonly sign: Sign | "!";
  readonly what: string;
}

/** `crosslink plan`: what this node would get, against what it has. Changes nothing. */
export function runPlan(options: Options, terminal: Terminal): number {
  growSparingly("looksOnce");
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
      ...troublesOf(session, node, { withTunnels: true }),
    ];
    const lines = () => planLines(plan, deviceNames(session.route));
    // Another program's policy in the place of one of ours is no step of the plan.
    const layers =
      obstaclesOf(plan).length > 0
        ? layersOf(session, look.decision.will.wanted)
        : layersIn(plan, session.kernel);
    const fence = fenceState(look, layers);
    const facts = { node, plan, fence, bypasses, warnings, lines };
    if (options.json) terminal.writeStdout(toJson(facts));
    else for (const text of toText(facts)) terminal.writeStdout(text);
    return 0;
  });
}

/** All that `crosslink plan` shows. */
interface PlanFacts {
  readonly node: LinkedNode | undefined;
  readonly plan: FullPlan;
  readonly fence: FenceState;
  readonly bypasses: readonly Bypass[];
  readonly warnings: readonly string[];
  /** Made as they are written: a large mesh has hundreds of thousands. */
  readonly lines: () => Iterable<PlanLine>;
}

/** What a plan says of the fence's layers, without a second look. */
function layersIn({ node, fence }: FullPlan, kernel: Kernel): Layers {
  const backend = rulesBackend(kernel);
  return {
    policies: !blocksAnything(node),
    rules: backend === undefined ? NO_RULES : fence.operations.length === 0,
    backend,
  };
}

function blocksAnything({ protect }: NodePlan): boolean {
  for (const step of protect)
    if (step.object === "policy" && step.policy.action === "block") return true;
  return false;
}

/** The lines of a plan, in the order in which they would be taken. */
function* planLines(plan: FullPlan, names: DeviceNames): Generator<PlanLine> {
  for (const what of obstaclesOf(plan)) yield { sign: "!", what };
  for (const step of stepsOf(plan))
    yield { sign: signOf(step), what: describeOperation(step, names) };
}

/** Characters that are written at once. */
const CHUNK = 1 << 16;

function* toText(facts: PlanFacts): Generator<string> {
  const { plan, bypasses, lines } = facts;
  let text = describeNode(facts);
  for (const bypass of bypasses) text += `${bypassLine(bypass)}\n`;
  const counts = { "+": 0, "~": 0, "-": 0, "!": 0 };
  for (const { sign, what } of lines()) {
    counts[sign] += 1;
    text += `${sign} ${what}\n`;
    if (text.length < CHUNK) continue;
    yield text;
    text = "";
  }
  yield `${text}${summary(plan, counts)}\n`;
}

function describeNode({ node, fence, warnings }: PlanFacts): string {
  const warned = warnings.map((warning) => `Warning: ${warning}\n`).join("");
  if (node === undefined) return `${LINKED_TO_NOTHING}\n${warned}`;
  const { self, localCidrs } = node;
  const lines = [
    `Node ${self.node.name} of cluster ${self.source.cluster.name} (${self.source.file})`,
    ...localCidrs.map(
      ({ cidr, origin }) => `Pod CIDR ${cidr.text}, from ${origin}`,
    ),
    fenceLine(fence),
    "",
  ];
  return `${lines.join("\n")}${warned}`;
}

function summary(
  plan: FullPlan,
  counts: Readonly<Record<PlanLine["sign"], number>>,
): string {
  if (isEmpty(plan)) return "Nothing to do: the node is what its files say.";
  return `${counts["+"]} to add, ${counts["~"]} to change, ${counts["-"]} to remove, ${counts["!"]} in the way.`;
}

function toJson({ node, fence, bypasses, warnings, lines }: PlanFacts): string {
  const facts = {
    cluster: node?.self.source.cluster.name ?? null,
    node: node?.self.node.name ?? null,
    podCIDRs:
      node?.localCidrs.map(({ cidr, origin }) => ({
        cidr: cidr.text,
        origin,
      })) ?? [],
    fence,
    warnings,
    bypasses,
    changes: [...lines()],
  };
  return `${JSON.stringify(facts, undefined, 2)}\n`;
}
