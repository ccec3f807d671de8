/** A cluster file comes and goes, and the keys rotate, while pods of two other clusters talk. */
import { crosslinkOn, mustRunIn } from "../support/command.ts";
import { tell } from "../support/facts.ts";
import { keepPinging } from "../support/ping.ts";
import { clusterFile } from "../support/topology.ts";
import { openStage, type Stage, underPing, withoutLoss } from "./stage.ts";
import { rotate } from "./rotate.ts";

/** Nothing answers in this cluster: traffic to it is encrypted or dropped all the same. */
const third = {
  cluster: "cluster3",
  name: "three",
  privateIp: "172.19.0.2",
  elasticIp: "203.0.113.3",
  podCidr: "10.0.2.0/24",
};

{
  using stage = await openStage({ linked: true });
  await changeFiles(stage);
  await rotateKeys(stage);
}

async function changeFiles(stage: Stage): Promise<void> {
  const { nodes } = stage.world;
  const seen = await underPing(stage, async () => {
    for (const node of nodes)
      node.writeCluster("cluster3", clusterFile("cluster3", [third]));
    await applyAll(stage);
    const pinging = keepPinging(stage.sides[0].pod.namespace, "10.0.2.7");
    await applyAll(stage);
    for (const node of nodes) node.removeCluster("cluster3");
    await applyAll(stage);
    const { sent, received } = await pinging.stop();
    tell(
      "packets to a silent cluster are not answered, nor once its file has gone",
      sent > 0 && received === 0,
      { sent, received },
    );
  });
  tell(
    "a cluster file that comes and goes leaks nothing",
    seen.clear.length === 0 && seen.esp > 0,
    seen.shown,
  );
  tell(
    "a cluster file that comes and goes loses no packet",
    withoutLoss(seen),
    seen.pings,
  );
  const left = await policiesOfThird(stage);
  tell(
    "a cluster file that goes takes its tunnels along, and leaves its fence",
    left.every(
      (text) => text.includes("action block") && !text.includes("tmpl"),
    ),
    left,
  );
  for (const node of nodes) await crosslinkOn(node, "forget", "cluster3");
  const forgotten = await policiesOfThird(stage);
  tell(
    "forget takes the fence of a cluster whose file has gone",
    forgotten.every((text) => text === ""),
    forgotten,
  );
}

/** Of each node: its policies from and to the third cluster, as `ip` shows them. */
async function policiesOfThird({ world }: Stage): Promise<string[]> {
  const all = await Promise.all(
    world.nodes.map(({ namespace }) =>
      mustRunIn(namespace, "ip", "xfrm", "policy"),
    ),
  );
  return all.map((text) =>
    text
      .split(/^(?=src )/m)
      .filter((policy) => policy.includes("10.0.2.0/24"))
      .join(""),
  );
}

async function rotateKeys(stage: Stage): Promise<void> {
  const before = await spis(stage);
  const seen = await underPing(stage, () => rotate(stage));
  const after = await spis(stage);
  tell(
    "a rotation of keys leaks nothing",
    seen.clear.length === 0 && seen.esp > 0,
    seen.shown,
  );
  tell("a rotation of keys loses no packet", withoutLoss(seen), seen.pings);
  tell(
    "a rotation of keys replaces every SA",
    after.length === before.length &&
      after.every((spi) => !before.includes(spi)),
    { before, after },
  );
}

async function applyAll({ world }: Stage): Promise<void> {
  for (const node of world.nodes) await crosslinkOn(node, "apply");
}

async function spis({ sides }: Stage): Promise<string[]> {
  const text = await mustRunIn(
    sides[0].node.namespace,
    "ip",
    "xfrm",
    "state",
    "list",
    "nokeys",
  );
  return [...text.matchAll(/spi (0x[0-9a-f]+)/g)].map(([, spi = ""]) => spi);
}
