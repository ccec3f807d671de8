/**
 * conf/examples/overlapping: two clusters with the same addresses know each other by others. Where ESP is, by tunnels;
 * elsewhere without.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { capture } from "../support/capture.ts";
import { tell } from "../support/facts.ts";
import { espMissing } from "../support/kernel.ts";
import { transfer } from "../support/transfer.ts";
import {
  mustCrosslink,
  pings,
  shell,
  type ShapePod,
  wirePod,
} from "./actor.ts";
import type { Member } from "./locations.ts";
import { type World, world } from "./world.ts";

const own = "10.244.3.7";
const global = { east: "100.80.3.7", west: "100.81.3.7" };

/** Between the locations: a packet of a pod, by either address, outside of ESP. */
const clearText = "not esp and (net 10.244.0.0/16 or net 100.80.0.0/15)";

{
  const encrypted = espMissing() === undefined;
  using stack = new DisposableStack();
  const scene = stack.use(world("overlapping"));
  if (!encrypted) await routePlainly(scene);
  const recorder = await capture(scene.internet, "any");
  const pods: ShapePod[] = [];
  for (const machine of scene.machines) {
    if (!encrypted) withoutEncryption(machine);
    pods.push(stack.use(await wirePod(machine, own)));
    await mustCrosslink(machine, scene, "apply");
  }
  const [east, west] = pods;
  if (east === undefined || west === undefined)
    throw new Error("The example needs two nodes");
  await bothWays(east, west);
  using recording = await recorder.stop();
  const [esp, clear] = [recording.count("esp"), recording.count(clearText)];
  tell(
    "what passed between the locations was ESP where there is some, and else was seen",
    encrypted ? esp > 8 && clear === 0 : esp === 0 && clear > 8,
    { esp, clear, shown: recording.show(clearText, 3) },
  );
  await teardown(scene, east);
}

async function bothWays(east: ShapePod, west: ShapePod): Promise<void> {
  const sent = {
    east: await sourceOf(east, west, global.west),
    west: await sourceOf(west, east, global.east),
  };
  tell(
    "pods of one address reach each other, and each sees the other's global one",
    sent.east === global.east && sent.west === global.west,
    sent,
  );
}

/** No tunnels carry the global networks, so the locations and the internet have routes. */
async function routePlainly({ internet, router }: World): Promise<void> {
  const commands = [
    `ip -n ${internet.name} route add 100.80.0.0/16 via 100.64.0.2`,
    `ip -n ${internet.name} route add 100.81.0.0/16 via 100.64.1.2`,
    `ip -n ${router("east").name} route add 100.80.0.0/16 via 192.168.10.2`,
    `ip -n ${router("west").name} route add 100.81.0.0/16 via 192.168.20.2`,
  ];
  await shell(internet, commands.join("\n"));
}

function withoutEncryption({ folder }: Member): void {
  for (const name of ["east", "west"]) {
    const file = join(folder, `clusters.d/${name}.json`);
    const cluster = JSON.parse(readFileSync(file, "utf8")) as object;
    writeFileSync(file, JSON.stringify({ ...cluster, encryption: "none" }));
  }
}

async function sourceOf(
  from: ShapePod,
  to: ShapePod,
  address: string,
): Promise<string> {
  const { namespace } = from;
  return (await transfer(namespace, to.namespace, { address, bytes: 1000 }))
    .source;
}

/** Shows that it was crosslink that translated. */
async function teardown(scene: World, east: ShapePod): Promise<void> {
  const [machine] = scene.machines;
  if (machine === undefined) return;
  const rules =
    "nft list ruleset 2>/dev/null || true; iptables-legacy -t nat -S";
  const before = await shell(machine.namespace, rules);
  await mustCrosslink(machine, scene, "teardown");
  const after = await shell(machine.namespace, rules);
  const reached = await pings(east.namespace, global.west);
  tell(
    "teardown ends the translation",
    /crosslink.*100\.80\.0\.0|100\.80\.0\.0.*crosslink/.test(before) &&
      !after.includes("crosslink") &&
      !reached,
    { before, after, reached },
  );
}
