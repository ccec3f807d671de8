/** Two nodes go from derived keys to IKE and back, one after the other, under constant ping. */
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../../support/until.ts";
import { SLOWLY } from "../agent/nodes.ts";
import {
  openStage,
  type Stage,
  underPing,
  withoutLoss,
} from "../leak/stage.ts";
import { tell } from "../support/facts.ts";
import { bothUp, spisOf, startAgents, writeKeying } from "./stage.ts";

{
  using stage = await openStage({ linked: false });
  const { nodes } = stage.world;
  const agents = await startAgents(stage);
  const derived = await Promise.all(nodes.map(spisOf));
  const toIke = await underPing(stage, async () => {
    for (const node of nodes) {
      writeKeying(nodes, "ike", [node]);
      await sleep(1_000);
    }
    await bothUp(nodes);
    await gone(stage, derived.flat());
    await sleep(1_000);
  });
  tell(
    "from derived keys to IKE no packet is lost",
    withoutLoss(toIke),
    toIke.pings,
  );
  tell(
    "from derived keys to IKE nothing leaks",
    toIke.clear.length === 0,
    toIke.shown,
  );
  const negotiated = await Promise.all(nodes.map(spisOf));
  tell(
    "derived keys' SAs go once IKE's have taken their place",
    negotiated.flat().length > 0,
    { derived, negotiated },
  );
  const back = await underPing(stage, async () => {
    writeKeying(nodes, "derived");
    await gone(stage, negotiated.flat());
    await returned(stage, derived);
    await sleep(2_000);
  });
  tell(
    "from IKE to derived keys nothing leaks",
    back.clear.length === 0,
    back.shown,
  );
  const after = await Promise.all(nodes.map(spisOf));
  tell(
    "from IKE to derived keys the SAs are as before",
    JSON.stringify(after) === JSON.stringify(derived),
    { derived, after },
  );
  const again = await underPing(stage, () => sleep(500));
  tell(
    "back with derived keys pods talk without loss",
    withoutLoss(again),
    again.pings,
  );
  for (const agent of agents) await agent.stop();
}

async function gone({ world }: Stage, spis: readonly string[]): Promise<void> {
  for (const node of world.nodes)
    await until(
      async () => !(await spisOf(node)).some((spi) => spis.includes(spi)),
      { ...SLOWLY, describe: () => `${node.name} keeps one of ${spis.join()}` },
    );
}

/** An agent makes derived keys' SAs, and charon takes its own away: each in its own time. */
async function returned(
  { world }: Stage,
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
