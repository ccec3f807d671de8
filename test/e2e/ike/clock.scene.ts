/**
 * The clock of two nodes is set, hours and years, under constant ping: with pre-shared keys, and with certificates, which it
 * makes expire. Both nodes have one clock, so it needs a guest of its own.
 */
import { until } from "../../support/until.ts";
import { type Agent, SLOWLY } from "../agent/nodes.ts";
import {
  openStage,
  type Stage,
  underPing,
  withoutLoss,
} from "../leak/stage.ts";
import { mustRunIn } from "../support/command.ts";
import { tell } from "../support/facts.ts";
import type { Node } from "../support/topology.ts";
import { certify, foundAuthorities, writeAuthorities } from "./authorities.ts";
import {
  bothUp,
  isShut,
  knownBy,
  rekeyByEach,
  spisOf,
  startAgents,
  statesOf,
  statusOf,
  writeKeying,
  writtenBy,
} from "./stage.ts";

const HOUR = 3600;
const DAY = 24 * HOUR;

{
  using stage = await openStage({ linked: false });
  const { nodes } = stage.world;
  writeKeying(nodes, "ike");
  const agents = await startAgents(stage);
  await underPing(stage, () => bothUp(nodes));
  await jump(stage, "14 hours forwards", 14 * HOUR);
  await jump(stage, "24 hours back", -24 * HOUR);
  await renew(stage);
  await certifyBoth(stage, agents);
  await expire(stage);
  for (const agent of agents) await agent.stop();
}

/** Of all that runs here. */
async function setClock({ namespace }: Node, seconds: number): Promise<void> {
  const to = Math.floor(Date.now() / 1000) + seconds;
  await mustRunIn(namespace, "date", "--set", `@${String(to)}`);
}

/** Sets it, and waits until both agents have looked at their tunnels since. */
async function passTime({ nodes }: Stage["world"], seconds: number) {
  await setClock(nodes[0]!, seconds);
  const beganSeconds = Math.floor(Date.now() / 1000) + 1;
  for (const node of nodes)
    await until(() => isWithin(writtenBy(node), beganSeconds), SLOWLY);
}

/** An agent's word of before is of another day. */
function isWithin(writtenSeconds: number, beganSeconds: number): boolean {
  return writtenSeconds >= beganSeconds && writtenSeconds < beganSeconds + HOUR;
}

async function jump(stage: Stage, what: string, seconds: number) {
  const { nodes } = stage.world;
  const before = (await Promise.all(nodes.map(spisOf))).flat();
  const seen = await underPing(stage, () => passTime(stage.world, seconds));
  const after = (await Promise.all(nodes.map(spisOf))).flat();
  tell(`${what} costs no packet`, withoutLoss(seen), {
    pings: seen.pings,
    states: await Promise.all(nodes.map(statesOf)),
  });
  tell(`${what} leaves the SAs`, before.join() === after.join(), {
    before,
    after,
  });
  tell(`${what} leaks nothing`, seen.clear.length === 0, seen.shown);
}

async function renew(stage: Stage): Promise<void> {
  const seen = await underPing(stage, () => rekeyByEach(stage.world.nodes));
  tell("after that keys are renewed as before", withoutLoss(seen), seen.pings);
}

async function certifyBoth(stage: Stage, agents: readonly Agent[]) {
  const [one, two] = stage.world.nodes as readonly [Node, Node];
  const authorities = await foundAuthorities([one, two]);
  for (const node of [one, two]) await certify(node, node.folder);
  const before = agents.map((agent) => agent.log().length);
  writeAuthorities([one, two], authorities);
  const said = () =>
    agents.map((agent, i) => agent.log().slice(before[i])).join("");
  await underPing(stage, async () => {
    await until(() => said().includes("with ECDSA"), {
      ...SLOWLY,
      describe: said,
    });
    await bothUp([one, two]);
  });
}

/** A year and more goes by; one node has a new certificate, then the other one, too; and then the year comes again. */
async function expire(stage: Stage): Promise<void> {
  const { nodes } = stage.world;
  const [one, two] = nodes as readonly [Node, Node];
  const ending = await underPing(stage, async () => {
    await passTime(stage.world, 400 * DAY);
    await knownBy(nodes, "certificate");
  });
  const status = await statusOf(one);
  tell(
    "a certificate that has expired is named, with whose it is",
    /IKE with cluster2\/two: down, one\.cluster1 to two\.cluster2/u.test(
      status,
    ) &&
      /as one\.cluster1 to two\.cluster2: .*node\.crt is valid/u.test(status),
    status,
  );
  const shut = await underPing(stage);
  tell("with it the tunnel ends", isShut(shut), shut.pings);
  await certify(one, one.folder);
  const half = await underPing(stage, () => knownBy([one], "algorithms"));
  tell("a new one at one end alone does not serve", isShut(half), half.pings);
  await certify(two, two.folder);
  const healing = await underPing(stage, () => bothUp(nodes));
  const after = await underPing(stage);
  tell("new ones at both ends heal", withoutLoss(after), after.pings);
  const early = await underPing(stage, async () => {
    await passTime(stage.world, -400 * DAY);
    await knownBy(nodes, "certificate");
  });
  const seen = [ending, shut, half, healing, after, early];
  tell(
    "while certificates come and go nothing leaks",
    seen.every(({ clear }) => clear.length === 0),
    seen.map(({ shown }) => shown),
  );
}
