/** Two nodes go from derived keys to IKE and back, one after the other, under constant ping. */
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../../support/until.ts";
import { SLOWLY } from "../agent/nodes.ts";
import { keepStreaming } from "../agent/stream.ts";
import { answered, openStage, type Stage, underPing } from "../leak/stage.ts";
import { tell } from "../support/facts.ts";
import {
  bothUp,
  errorsOf,
  rekeyByEach,
  spisOf,
  startAgents,
  untakenBy,
  writeKeying,
} from "./stage.ts";

{
  using stage = await openStage({ linked: false });
  const { nodes } = stage.world;
  const agents = await startAgents(stage);
  const derived = await Promise.all(nodes.map(spisOf));
  const explain = (error: unknown): never => {
    const logs = agents.map((agent) => agent.log().slice(-4_000)).join("\n");
    throw new Error(`${String(error)}\n${logs}`);
  };
  await toIke({ ...stage, explain }, derived.flat());
  const negotiated = await Promise.all(nodes.map(spisOf));
  tell(
    "derived keys' SAs go once IKE's have taken their place",
    negotiated.flat().length > 0,
    { derived, negotiated },
  );
  await change({ ...stage, explain }, "while keys are renewed", () =>
    rekeyByEach(nodes),
  );
  const renewed = await Promise.all(nodes.map(spisOf));
  await toDerived({ ...stage, explain }, renewed.flat(), derived);
  const after = await Promise.all(nodes.map(spisOf));
  tell(
    "from IKE to derived keys the SAs are as before",
    JSON.stringify(after) === JSON.stringify(derived),
    { derived, after },
  );
  for (const agent of agents) await agent.stop();
}

/** With what says more of a failure. */
type Explained = Pick<Stage, "world" | "sides"> & {
  readonly explain: (error: unknown) => never;
};

function toIke(stage: Explained, derived: readonly string[]): Promise<void> {
  const { nodes } = stage.world;
  return change(stage, "from derived keys to IKE", async () => {
    for (const node of nodes) {
      writeKeying(nodes, "ike", [node]);
      await sleep(1_000);
    }
    await bothUp(nodes);
    await gone(stage, derived);
    await sleep(1_000);
  });
}

function toDerived(
  stage: Explained,
  negotiated: readonly string[],
  derived: readonly (readonly string[])[],
): Promise<void> {
  const { nodes } = stage.world;
  return change(stage, "from IKE to derived keys", async () => {
    for (const node of nodes) {
      writeKeying(nodes, "derived", [node]);
      await sleep(1_000);
    }
    await gone(stage, negotiated);
    await returned(stage, derived);
    await sleep(2_000);
  });
}

/** An emulated processor has charon to run, and pings to encrypt. */
const A_PACKET = 1024;

/** Under ping both ways, and with a TCP connection that lasts. */
async function change(
  stage: Explained,
  what: string,
  act: () => Promise<void>,
): Promise<void> {
  const [one, two] = stage.sides;
  const stream = await keepStreaming(
    one.pod.namespace,
    two.pod.namespace,
    two.pod.address(),
    A_PACKET,
  );
  const { nodes } = stage.world;
  const untaken = await untakenBy(nodes);
  const seen = await underPing(stage, () => act().catch(stage.explain));
  const { bytes, intact } = await stream.stop();
  tell(
    `${what} nothing is sent that the other end cannot take`,
    answered(seen) && (await untakenBy(nodes)) === untaken,
    { pings: seen.pings, errors: await Promise.all(nodes.map(errorsOf)) },
  );
  tell(`${what} a TCP connection goes on`, intact, bytes);
  tell(`${what} nothing leaks`, seen.clear.length === 0, seen.shown);
}

async function gone(
  { world }: Explained,
  spis: readonly string[],
): Promise<void> {
  for (const node of world.nodes)
    await until(
      async () => !(await spisOf(node)).some((spi) => spis.includes(spi)),
      {
        ...SLOWLY,
        limitSeconds: 120,
        describe: () => `${node.name} keeps one of ${spis.join()}`,
      },
    );
}

/** An agent makes derived keys' SAs, and charon takes its own away: each in its own time. */
async function returned(
  { world }: Explained,
  wanted: readonly (readonly string[])[],
): Promise<void> {
  let found: readonly (readonly string[])[] = [];
  await until(
    async () => {
      found = await Promise.all(world.nodes.map(spisOf));
      return JSON.stringify(found) === JSON.stringify(wanted);
    },
    {
      ...SLOWLY,
      describe: () =>
        `the SAs are ${JSON.stringify(found)}, and were ${JSON.stringify(wanted)}`,
    },
  );
}
