import { copyFileSync, renameSync } from "node:fs";
import { until } from "../../support/until.ts";
import { type Stage, underPing, withoutLoss } from "../leak/stage.ts";
import { crosslinkOn, mustRunIn } from "../support/command.ts";
import { tell } from "../support/facts.ts";
import type { Node } from "../support/topology.ts";
import { SLOWLY } from "./nodes.ts";
import { keepStreaming } from "./stream.ts";

/** The SPIs of a node's SAs, by direction. */
interface Spis {
  readonly out: readonly string[];
  readonly in: readonly string[];
}

/** What a node has after a phase: how many SAs accept, and whether another one sends than before the rotation. */
interface Phase {
  readonly accepting: number;
  readonly sendsAnew: boolean;
}

const phases: Readonly<Record<string, Phase>> = {
  "--rotate": { accepting: 4, sendsAnew: false },
  "--activate": { accepting: 4, sendsAnew: true },
  "--retire": { accepting: 2, sendsAnew: true },
};

/** Each phase on all nodes before the next; a keyring is all that the agents are given. */
export async function rotateKeys(stage: Stage): Promise<void> {
  const { sides, world } = stage;
  const [one, two] = sides;
  const before = await Promise.all(world.nodes.map(spisOf));
  const stream = await keepStreaming(
    one.pod.namespace,
    two.pod.namespace,
    two.pod.address(),
  );
  const seen = await underPing(stage, async () => {
    for (const [flag, phase] of Object.entries(phases)) {
      await crosslinkOn(one.node, "keygen", flag);
      await reach(one.node, before[0], phase);
      copyKeyring(one.node, two.node);
      await reach(two.node, before[1], phase);
    }
  });
  const streamed = await stream.stop();
  const after = await Promise.all(world.nodes.map(spisOf));
  tell("a rotation loses no packet", withoutLoss(seen), seen.pings);
  tell("a rotation leaks nothing", seen.clear.length === 0, seen.shown);
  tell("a rotation is encrypted throughout", seen.esp > 0, seen.esp);
  tell("TCP during a rotation arrives whole", streamed.intact, streamed);
  tell(
    "a rotation replaces every SA on both nodes",
    before.flatMap(all).every((spi) => !after.flatMap(all).includes(spi)),
    { before, after },
  );
  const errors = await Promise.all(world.nodes.map(xfrmErrors));
  tell(
    "the kernel refused no packet during a rotation",
    errors.join("") === "",
    errors,
  );
}

/** Waits until the agent has brought its node there. */
async function reach(
  node: Node,
  before: Spis | undefined,
  { accepting, sendsAnew }: Phase,
): Promise<void> {
  let now: Spis = { out: [], in: [] };
  await until(
    async () => {
      now = await spisOf(node);
      const isNew = now.out.length === 1 && now.out[0] !== before?.out[0];
      return now.in.length === accepting && isNew === sendsAnew;
    },
    { ...SLOWLY, describe: () => `${node.name} has ${JSON.stringify(now)}` },
  );
}

/** As tools do that copy files to nodes: whole, or not at all. */
function copyKeyring(from: Node, to: Node): void {
  const unfinished = `${to.keyring}.new`;
  copyFileSync(from.keyring, unfinished);
  renameSync(unfinished, to.keyring);
}

async function spisOf({ namespace, privateIp }: Node): Promise<Spis> {
  const text = await mustRunIn(namespace, "ip", "xfrm", "state");
  const found = text.split(/^(?=src )/m).filter(Boolean);
  const spis = (isOut: boolean): string[] =>
    found
      .filter((sa) => sa.startsWith(`src ${privateIp} `) === isOut)
      .map((sa) => /spi (0x[0-9a-f]+)/.exec(sa)?.[1] ?? "")
      .sort();
  return { out: spis(true), in: spis(false) };
}

function all(spis: Spis): readonly string[] {
  return [...spis.out, ...spis.in];
}

/** The counters that are not 0. */
async function xfrmErrors({ namespace }: Node): Promise<string> {
  const text = await mustRunIn(namespace, "cat", "/proc/net/xfrm_stat");
  return (text.match(/^\w+\s+[1-9]\d*$/gm) ?? []).join("; ");
}
