/** One node talks by IKE with one cluster and by derived keys with another, and its charon dies, under constant ping. */
import { setTimeout as sleep } from "node:timers/promises";
import { addByAgent, startAgent } from "../agent/nodes.ts";
import { type Side, underPing, withoutLoss } from "../leak/stage.ts";
import { crosslinkOn } from "../support/command.ts";
import { tell } from "../support/facts.ts";
import { pod, ptpConflist } from "../support/pod.ts";
import {
  type Node,
  topology,
  type Topology,
  writeClusters,
  writeKeyring,
} from "../support/topology.ts";
import {
  anotherCharon,
  bothUp,
  charonOf,
  spisOf,
  statesOf,
  statusOf,
} from "./stage.ts";

const NODES = ["one", "two", "three"] as const;

{
  using world = topology(
    NODES.map((name, index) => ({
      cluster: `cluster${String(index + 1)}`,
      name,
      privateIp: `172.${String(17 + index)}.0.2`,
      elasticIp: `203.0.113.${String(index + 1)}`,
      podCidr: `10.0.${String(index)}.0/24`,
    })),
  );
  using stack = new DisposableStack();
  const [one, two, three] = world.nodes as [Node, Node, Node];
  writeFiles(one, world.nodes);
  writeFiles(two, [one, two]);
  writeFiles(three, [one, three]);
  writeKeyring(world.nodes);
  const base = (node: Node): Side => {
    const conflist = ptpConflist(node);
    const plugins = conflist.plugins.slice(0, 1);
    const made = pod(node, world, { ...conflist, plugins });
    return { node, pod: stack.use(made) };
  };
  const sides = [base(one), base(two)] as const;
  const far = { node: three, pod: stack.use(pod(three, world)) };
  for (const side of [...sides, far]) await side.pod.add();
  const agents = [await startAgent(one), await startAgent(two)] as const;
  for (const side of sides) await addByAgent(side, world);
  await talk(world, sides, far);
  await endCharon(world, [sides[0], far], agents[0]);
  for (const agent of agents) await agent.stop();
}

/** The second cluster's file says "ike", and the others' nothing. */
function writeFiles(on: Node, nodes: readonly Node[]): void {
  const keying = (cluster: string) =>
    cluster === "cluster2" ? { keying: "ike" } : {};
  writeClusters(nodes, keying, [on]);
}

async function talk(
  world: Topology,
  sides: readonly [Side, Side],
  far: Side,
): Promise<void> {
  const [near] = sides;
  const nodes = sides.map(({ node }) => node);
  await underPing({ world, sides }, () => bothUp(nodes));
  const byIke = await underPing({ world, sides }, () => sleep(1_000));
  const pair = { world, sides: [near, far] as const };
  const derived = await underPing(pair, () => sleep(1_000));
  tell(
    "one node talks by IKE and by derived keys at a time",
    withoutLoss(byIke) && withoutLoss(derived),
    [byIke.pings, derived.pings],
  );
  const clear = [byIke, derived].flatMap((seen) => seen.clear);
  tell("by neither anything leaks", clear.length === 0, [
    byIke.shown,
    derived.shown,
  ]);
  const states = await statesOf(near.node);
  const status = await statusOf(near.node);
  tell(
    "each cluster has SAs of its own kind",
    /dst 203\.0\.113\.2\n[^]*?esn/u.test(states) &&
      /cluster2\/two .* ike /u.test(status) &&
      /cluster3\/three .* 1 /u.test(status),
    { states, status },
  );
  const plan = await crosslinkOn(near.node, "plan");
  tell("the plan leaves both alone", plan.includes("Nothing to do"), plan);
}

async function endCharon(
  world: Topology,
  sides: readonly [Side, Side],
  agent: Awaited<ReturnType<typeof startAgent>>,
): Promise<void> {
  const [near] = sides;
  const before = (await spisOf(near.node)).filter(isDerived);
  const pid = charonOf(agent);
  const seen = await underPing({ world, sides }, async () => {
    process.kill(pid, "SIGKILL");
    await anotherCharon(agent, pid);
    await sleep(1_000);
  });
  tell(
    "that charon dies costs derived keys no packet",
    withoutLoss(seen) && seen.clear.length === 0,
    seen,
  );
  const here = await spisOf(near.node);
  tell(
    "that charon dies leaves derived keys' SAs alone",
    before.length > 0 && before.every((spi) => here.includes(spi)),
    { before, here },
  );
}

/** charon's SPIs begin at 0xc0000000, and derived ones stay below. */
function isDerived(spi: string): boolean {
  return Number(spi) < 0xc0000000;
}
