/** Where ESP and NAT in nf_tables meet: masqueraders that no RETURN wins against, and two clusters of the same addresses. */
import { capture } from "../support/capture.ts";
import { mustRunIn } from "../support/command.ts";
import { tell } from "../support/facts.ts";
import { calicoInNftables } from "./calico.ts";
import { flannelInNftables } from "./flannel.ts";
import { pingAll } from "./pings.ts";
import {
  addressSeen,
  after,
  comeUp,
  reach,
  tellWhoWasServed,
} from "./reach.ts";
import { east, west } from "./reference.ts";
import { openStage, type Stage } from "./stage.ts";

/** Packets of pods outside of ESP, by their own addresses or by those that others see. */
const clearText = "not esp and (net 10.0.0.0/8 or net 100.64.0.0/10)";

{
  using stage = await openStage(
    [flannelInNftables, calicoInNftables, east, west],
    { neighbours: 0 },
  );
  const wires = await capture(stage.world.internet, "any");
  const server = await capture(stage.world.server, "eth0");
  for (const side of stage.sides) await comeUp(side);
  await reach(stage);
  await loseTable(stage);
  using served = await server.stop();
  tellWhoWasServed(stage, served);
  using recorded = await wires.stop();
  tell(
    "nothing of a pod leaves a node in clear text",
    recorded.count(clearText) === 0 && recorded.count("esp") > 0,
    recorded.show(clearText, 5),
  );
}

/** It is the table that wins: without it each masquerader takes the pod's address, and the policies block. */
async function loseTable({ sides }: Stage): Promise<void> {
  const drop = ["nft", "delete", "table", "ip", "crosslink"] as const;
  for (const { node } of sides) await mustRunIn(node.namespace, ...drop);
  const pings = sides.map((side) => ({
    from: side.pods[0].namespace,
    to: addressSeen(after(side, sides)),
  }));
  const answers = await pingAll(pings);
  for (const [index, { base }] of sides.entries())
    tell(
      `${base.name}: without crosslink's table, packets are dropped`,
      answers[index] === false,
    );
}
