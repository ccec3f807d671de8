/**
 * conf/examples/overlapping: two clusters with the same addresses know each other by others. Translation is nf_tables'
 * and the same whether tunnels follow or not; here none do, so that it runs on kernels that have no ESP.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tell } from "../support/facts.ts";
import { transfer } from "../support/transfer.ts";
import {
  mustCrosslink,
  pings,
  shell,
  type ShapePod,
  wirePod,
} from "./actor.ts";
import type { Machine } from "./sites.ts";
import { type World, world } from "./world.ts";

const own = "10.244.3.7";
const global = { east: "100.80.3.7", west: "100.81.3.7" };

{
  using stack = new DisposableStack();
  const scene = stack.use(world("overlapping"));
  await routePlainly(scene);
  const pods: ShapePod[] = [];
  for (const machine of scene.machines) {
    withoutEncryption(machine);
    pods.push(stack.use(await wirePod(machine, own)));
    await mustCrosslink(machine, scene, "apply");
  }
  const [east, west] = pods;
  if (east === undefined || west === undefined)
    throw new Error("The example needs two nodes");
  const sent = {
    east: await sourceOf(east, west, global.west),
    west: await sourceOf(west, east, global.east),
  };
  tell(
    "pods of one address reach each other, and each sees the other's global one",
    sent.east === global.east && sent.west === global.west,
    sent,
  );
  await teardown(scene, east);
}

/** No tunnels carry the global networks, so the sites and the internet have routes. */
async function routePlainly({ internet, router }: World): Promise<void> {
  const commands = [
    `ip -n ${internet.name} route add 100.80.0.0/16 via 100.64.0.2`,
    `ip -n ${internet.name} route add 100.81.0.0/16 via 100.64.1.2`,
    `ip -n ${router("east").name} route add 100.80.0.0/16 via 192.168.10.2`,
    `ip -n ${router("west").name} route add 100.81.0.0/16 via 192.168.20.2`,
  ];
  await shell(internet, commands.join("\n"));
}

function withoutEncryption({ folder }: Machine): void {
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
  const before = await shell(machine.namespace, "nft list ruleset");
  await mustCrosslink(machine, scene, "teardown");
  const after = await shell(machine.namespace, "nft list ruleset");
  const reached = await pings(east.namespace, global.west);
  tell(
    "teardown ends the translation",
    before.includes("table ip crosslink") &&
      !after.includes("crosslink") &&
      !reached,
    { before, after, reached },
  );
}
