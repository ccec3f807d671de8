/** Two nodes with agents: keys rotate under constant ping and TCP; then ESP goes in UDP, with and without an agent. */
import { openStage } from "../leak/stage.ts";
import { encapsulate } from "./encapsulation.ts";
import { addByAgent, startAgent } from "./nodes.ts";
import { rotateKeys } from "./rotation.ts";

{
  using stage = await openStage({ linked: false });
  const [one, two] = stage.sides;
  const agents = await Promise.all([
    startAgent(one.node),
    startAgent(two.node),
  ]);
  for (const side of [one, two]) await addByAgent(side, stage.world);
  await rotateKeys(stage);
  for (const agent of await encapsulate(stage, agents)) await agent.stop();
}
