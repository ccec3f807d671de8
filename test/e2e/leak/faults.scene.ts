/** What others break: SAs vanish, and somebody masquerades all that leaves the node. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { crosslinkOn, mustRunIn, runIn } from "../support/command.ts";
import { tell } from "../support/facts.ts";
import {
  addCrosslink,
  answered,
  openStage,
  type Stage,
  underPing,
} from "./stage.ts";

{
  using stage = await openStage({ linked: true });
  await loseAssociations(stage);
  await masquerade(stage);
}

async function loseAssociations(stage: Stage): Promise<void> {
  const { nodes } = stage.world;
  const losing = await underPing(stage, async () => {
    for (const { namespace } of nodes)
      await mustRunIn(namespace, "ip", "xfrm", "state", "flush");
    await sleep(1000);
  });
  tell(
    "a missing SA leaks nothing",
    losing.clear.length === 0 && losing.esp > 0,
    losing.shown,
  );
  const without = await underPing(stage);
  tell(
    "a missing SA drops every packet",
    !without.pings.some(({ received }) => received > 0) &&
      without.clear.length === 0,
    without.pings,
  );
  const healing = await underPing(stage, async () => {
    for (const side of stage.sides) await addCrosslink(side);
    await sleep(1500);
  });
  tell(
    "the next ADD brings the SA back",
    healing.clear.length === 0 && answered(healing),
    healing,
  );
}

async function masquerade(stage: Stage): Promise<void> {
  const { nodes, path } = stage.world;
  const iptables = join(path.split(":")[0] ?? "", "iptables");
  const rule = [
    "-t",
    "nat",
    "-I",
    "POSTROUTING",
    "-o",
    "eth0",
    "-j",
    "MASQUERADE",
  ];
  const masked = await underPing(stage, async () => {
    for (const { namespace } of nodes) {
      await mustRunIn(namespace, iptables, ...rule);
      // Without this, connections that are there would keep what was decided for them.
      await runIn(namespace, "conntrack", "-F");
    }
    await sleep(1000);
  });
  tell(
    "a MASQUERADE rule put before ours leaks nothing",
    masked.clear.length === 0,
    masked.shown,
  );
  const mended = await underPing(stage, async () => {
    for (const node of nodes) await crosslinkOn(node, "apply");
    await sleep(1500);
  });
  tell(
    "apply puts the exemption first again",
    mended.clear.length === 0 && answered(mended),
    mended,
  );
}
