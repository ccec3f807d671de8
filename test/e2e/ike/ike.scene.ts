/** Two nodes by IKE under constant ping: the first packet, rekeying, charon's deaths, a wrong secret. */
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../../support/until.ts";
import { type Agent, SLOWLY, startAgent } from "../agent/nodes.ts";
import {
  answered,
  openStage,
  type Stage,
  underPing,
  withoutLoss,
} from "../leak/stage.ts";
import { crosslinkOn } from "../support/command.ts";
import { tell } from "../support/facts.ts";
import { type Node, writeKeyring } from "../support/topology.ts";
import {
  anotherCharon,
  bothUp,
  charonOf,
  errorsOf,
  ikeOf,
  isAlive,
  rekeyByEach,
  spisOf,
  startAgents,
  statesOf,
  statusOf,
  untakenBy,
  writeKeying,
} from "./stage.ts";

{
  using stage = await openStage({ linked: false });
  writeKeying(stage.world.nodes, "ike");
  const agents = await startAgents(stage);
  await firstPacket(stage);
  await showStatus(stage.sides[0].node, agents[0]);
  await rekey(stage, agents);
  for (const signal of ["SIGKILL", "SIGTERM", "SIGSTOP"] as const)
    await endCharon(stage, agents[0], signal);
  await endAgent(stage, agents[0]);
  await agents[1].stop();
}

async function firstPacket(stage: Stage): Promise<void> {
  const { nodes } = stage.world;
  const before = (await Promise.all(nodes.map(spisOf))).flat();
  const seen = await underPing(stage, () => bothUp(nodes));
  tell(
    "the first packet brings the tunnel up",
    before.length === 0 && answered(seen),
    { before, pings: seen.pings },
  );
  tell("the first packet leaks nothing", seen.clear.length === 0, seen.shown);
  const again = await underPing(stage);
  tell("by IKE pods talk without loss", withoutLoss(again), again.pings);
  const states = await statesOf(nodes[0]!);
  tell(
    "SAs have ESN and a window of 1024",
    /flag [^\n]*esn/u.test(states) && /replay_window 1024/u.test(states),
    states,
  );
}

async function showStatus(node: Node, agent: Agent): Promise<void> {
  const status = await statusOf(node);
  tell(
    "status shows IKE, both identities and the algorithms",
    /IKE with cluster2\/two: up, one\.cluster1 to two\.cluster2; AES_GCM_16-256.*ESN/u.test(
      status,
    ),
    status,
  );
  const plan = await crosslinkOn(node, "plan");
  tell(
    "the plan leaves charon's SAs alone",
    plan.includes("Nothing to do"),
    plan,
  );
  const secrets = /[A-Za-z0-9+/]{43}=/u.exec(agent.log());
  tell("no secret is logged", secrets === null, secrets?.[0]);
}

/** Either end may be the one that begins. */
async function rekey(stage: Stage, agents: readonly Agent[]): Promise<void> {
  const { nodes } = stage.world;
  const before = await spisOf(nodes[0]!);
  const untaken = await untakenBy(nodes);
  const seen = await underPing(stage, () => rekeyByEach(nodes));
  let after: string[] = [];
  const areReplaced = async () => {
    // charon keeps an inbound SA for some seconds more: what comes late is taken.
    after = await spisOf(nodes[0]!);
    return after.length > 0 && !after.some((spi) => before.includes(spi));
  };
  const replaced = await until(areReplaced, SLOWLY).then(
    () => true,
    () => false,
  );
  tell("rekeying replaces the SAs", replaced, { before, after });
  tell(
    "rekeying sends nothing that the other end cannot take",
    answered(seen) && (await untakenBy(nodes)) === untaken,
    {
      pings: seen.pings,
      errors: await Promise.all(nodes.map(errorsOf)),
      logs: agents.map((agent) => agent.log()),
    },
  );
  tell("rekeying leaks nothing", seen.clear.length === 0, seen.shown);
}

async function endCharon(
  stage: Stage,
  agent: Agent,
  signal: "SIGKILL" | "SIGTERM" | "SIGSTOP",
): Promise<void> {
  const pid = charonOf(agent);
  const seen = await underPing(stage, async () => {
    process.kill(pid, signal);
    await anotherCharon(agent, pid);
    await bothUp(stage.world.nodes);
  });
  tell(
    `${signal} to charon leaks nothing`,
    seen.clear.length === 0,
    seen.shown,
  );
  await until(() => healed(stage), {
    ...SLOWLY,
    describe: () => JSON.stringify(stage.world.nodes.map(ikeOf)),
  });
  const after = await underPing(stage);
  tell(`${signal} to charon heals`, withoutLoss(after), after.pings);
}

async function healed(stage: Stage): Promise<boolean> {
  return withoutLoss(await underPing(stage));
}

/** The fence stands without it; no charon stays behind; and with another secret on one side the trouble is named. */
async function endAgent(stage: Stage, agent: Agent): Promise<void> {
  const [one, two] = stage.sides;
  const pid = charonOf(agent);
  const seen = await underPing(stage, async () => {
    await agent.stop();
    await sleep(500);
  });
  tell("without an agent nothing leaks", seen.clear.length === 0, seen.shown);
  tell("charon ends with its agent", !isAlive(pid), pid);
  writeKeyring([one.node]);
  const again = await startAgent(one.node);
  const wrong = await underPing(stage, () =>
    until(() => ikeOf(one.node)?.lastError != null, {
      ...SLOWLY,
      describe: () => again.log(),
    }),
  );
  tell(
    "a wrong secret is named, and lets nothing pass",
    /the same keyring/u.test(ikeOf(one.node)?.lastError ?? "") &&
      !answered(wrong) &&
      wrong.clear.length === 0,
    { one: ikeOf(one.node), two: ikeOf(two.node), pings: wrong.pings },
  );
  await again.stop();
}
