/** crosslink comes to two nodes whose pods talk already, more pods come and go, and crosslink goes. */
import { setTimeout as sleep } from "node:timers/promises";
import { crosslinkOn, mustRunIn } from "../support/command.ts";
import { tell } from "../support/facts.ts";
import { pod } from "../support/pod.ts";
import { watchXfrm, type XfrmEvent } from "../support/policy-watch.ts";
import {
  addCrosslink,
  answered,
  openStage,
  type Stage,
  underPing,
  withoutLoss,
} from "./stage.ts";

/** How late, in seconds, the program that watches the kernel may read what it tells, on a guest's one busy core. */
const lateness = 0.25;

{
  using stage = await openStage({ linked: false });
  await firstAdd(stage);
  await laterPods(stage);
  await teardown(stage);
}

/** What leaks until crosslink has come shows that leaks are seen. */
async function firstAdd(stage: Stage): Promise<void> {
  const watches = await watchAll(stage);
  const seen = await underPing(stage, async () => {
    for (const side of stage.sides) await addCrosslink(side);
    await sleep(500);
  });
  const events = await Promise.all(watches.map((watch) => watch.stop()));
  const blocked = Math.max(...events.map(blockedSince));
  const late = seen.clear.filter((time) => time > blocked);
  tell(
    "before the first ADD, leaks are seen",
    seen.clear.length > 0,
    seen.clear.length,
  );
  tell(
    "the first ADD blocks before it does anything else",
    events.every(([first]) => first !== undefined && isBlock(first)),
    events.map(([first]) => first?.text),
  );
  tell(
    "from the first block policies on, nothing leaves in clear text",
    Number.isFinite(blocked) && late.length === 0,
    { blocked, late },
  );
  tell(
    "after the first ADD, pods reach each other",
    answered(seen),
    seen.pings,
  );
}

async function laterPods(stage: Stage): Promise<void> {
  const { world, sides } = stage;
  const seen = await underPing(stage, async () => {
    for (const { node } of sides) {
      using another = pod(node, world);
      await another.add();
      await another.check();
      await another.delete();
    }
  });
  tell(
    "ADD and DEL of other pods leak nothing",
    seen.clear.length === 0 && seen.esp > 0,
    seen.shown,
  );
  tell(
    "ADD and DEL of other pods lose no packet",
    withoutLoss(seen),
    seen.pings,
  );
}

/** Once crosslink is gone nothing protects its pods any more: what counts is that the block goes last. */
async function teardown(stage: Stage): Promise<void> {
  const { nodes } = stage.world;
  const watches = await watchAll(stage);
  const seen = await underPing(stage, async () => {
    for (const node of nodes) await crosslinkOn(node, "teardown");
  });
  const events = await Promise.all(watches.map((watch) => watch.stop()));
  const lifted = Math.min(
    ...events.map((list) => list.find(isBlock)?.time ?? -Infinity),
  );
  const early = seen.clear.filter((time) => time < lifted - lateness);
  tell("teardown lifts the block last", events.every(endsWithBlock), events);
  tell(
    "until teardown lifts the block, nothing leaves in clear text",
    Number.isFinite(lifted) && early.length === 0,
    { lifted, early },
  );
  const left = await Promise.all(
    nodes.map(({ namespace }) => mustRunIn(namespace, "ip", "xfrm", "policy")),
  );
  tell("teardown leaves no policy", left.join("") === "", left);
}

function watchAll({ world }: Stage) {
  return Promise.all(world.nodes.map(({ namespace }) => watchXfrm(namespace)));
}

/** When the last of the policies that came first, one a direction, was seen: one alone lets the others' packets pass. */
function blockedSince(events: readonly XfrmEvent[]): number {
  const others = events.findIndex((event) => !isBlock(event));
  const first = others < 0 ? events : events.slice(0, others);
  return first.at(-1)?.time ?? Infinity;
}

function isBlock({ text }: XfrmEvent): boolean {
  return text.includes("action block");
}

/** Whether no policy or SA was removed after the first block was. */
function endsWithBlock(events: readonly XfrmEvent[]): boolean {
  const first = events.findIndex(isBlock);
  return first >= 0 && events.slice(first).every(isBlock);
}
