/** Runs that race while files come and go, a reboot without files that can be read, and a rotation of keys, under constant traffic. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  addCrosslink,
  openStage,
  type Side,
  type Stage,
} from "../leak/stage.ts";
import { ChainError } from "../../support/chain.ts";
import { rotate } from "../leak/rotate.ts";
import { mustRunIn, runIn } from "../support/command.ts";
import { tell } from "../support/facts.ts";
import { pod } from "../support/pod.ts";
import { clusterFile } from "../support/topology.ts";
import {
  isAnswered,
  isShut,
  LAYERS,
  LOSSES,
  type Passing,
  take,
  type Traffic,
  underTraffic,
} from "./traffic.ts";

/** When a file comes or goes after the start of two ADDs, in milliseconds: before they read, and while one waits for the other. */
const DELAYS = [0, 700, 2500];

/** To nobody, in the third cluster. */
const THIRD = "10.0.2.7";

const third = {
  cluster: "cluster3",
  name: "three",
  privateIp: "172.19.0.2",
  elasticIp: "203.0.113.3",
  podCidr: "10.0.2.0/24",
};

const RACE = "race";
const ROTATION = "rotation";
const BOOT = "boot";
const BOOTED = "booted";
const BACK = "back";

{
  using stage = await openStage({ linked: true });
  const [side] = stage.sides;
  const { node } = side;
  using second = pod(node, stage.world);
  await second.add();
  const file = join(node.clustersDir, "cluster3.json");
  dropThird(file);
  await addCrosslink(side);
  const open: string[] = [];
  let refused = "";
  const traffic = await underTraffic(
    stage,
    {
      [RACE]: async () => {
        open.push(...(await race([side, { node, pod: second }], file)));
      },
      // Between the steps a layer goes.
      [ROTATION]: (passing) =>
        rotate(stage, (step) =>
          take(
            side,
            passing,
            LAYERS[step === "--activate" ? "rules" : "policies"],
          ),
        ),
      [BOOT]: async (passing) => {
        refused = await boot(side, passing);
      },
      [BOOTED]: (passing) => takeEach(side, passing),
      [BACK]: () => bringBack(stage),
    },
    THIRD,
  );
  tellOfAll(traffic, { open, refused });
}

function tellOfAll(
  { during, shown }: Traffic,
  {
    open,
    refused,
  }: { readonly open: readonly string[]; readonly refused: string },
): void {
  const [race, rotation, boot, booted, back] = [
    during(RACE),
    during(ROTATION),
    during(BOOT),
    during(BOOTED),
    during(BACK),
  ];
  tell(
    "two ADDs race while a file comes and goes: nothing leaves in clear text",
    isShut(race) && isAnswered(race),
    { race, shown },
  );
  tell(
    "two ADDs race while a file comes and goes: both layers name every cluster after each",
    open.length === 0,
    open,
  );
  tell(
    "a rotation, and a layer gone in between: no clear text",
    isShut(rotation) && isAnswered(rotation),
    rotation,
  );
  tell(
    "a reboot: before the first ADD clear text is seen, so it would be later",
    boot.clear > 0,
    boot,
  );
  tell(
    "a reboot, and a folder that cannot be read: no clear text after the first ADD, which refuses",
    isShut(booted) && refused !== "",
    { booted, refused },
  );
  tell(
    "a reboot: with the folder back pods talk",
    isShut(back) && isAnswered(back),
    back,
  );
}

function dropThird(file: string): void {
  writeFileSync(file, JSON.stringify(clusterFile("cluster3", [third])));
}

/** Two pods come at once; meanwhile an admin takes a file away, or drops it in. Once fenced, the third cluster stays so. Returns what is open after any of it. */
async function race(sides: readonly Side[], file: string): Promise<string[]> {
  const open: string[] = [];
  for (const [turn, delay] of DELAYS.entries()) {
    const adds = sides.map(addAtLast);
    await sleep(delay);
    if (turn % 2 === 0) rmSync(file);
    else dropThird(file);
    await Promise.all(adds);
    open.push(...(await openTo(sides[0]!, "10.0.1.0/24", "10.0.2.0/24")));
  }
  return open;
}

/** As a runtime does: again, where the node's lock was not to be had in time. */
async function addAtLast(side: Side): Promise<void> {
  try {
    await addCrosslink(side);
  } catch (error) {
    if (!(error instanceof ChainError) || error.printed?.code !== 11)
      throw error;
    await addAtLast(side);
  }
}

/** Of these CIDRs, those that a layer of the fence does not name. */
async function openTo(
  { node }: Side,
  ...cidrs: readonly string[]
): Promise<string[]> {
  const layers = await Promise.all([
    mustRunIn(
      node.namespace,
      "ip",
      "xfrm",
      "policy",
      "list",
      "action",
      "block",
    ),
    runIn(node.namespace, "nft", "list", "table", "inet", "crosslink").then(
      ({ stdout }) => stdout,
    ),
  ]);
  return cidrs.filter((cidr) => !layers.every((text) => text.includes(cidr)));
}

/** What a kernel loses, and a folder that cannot be read: what was remembered is all that there is. Returns what the first ADD says. */
async function boot(side: Side, passing: Passing): Promise<string> {
  const clusters = side.node.clustersDir;
  await take(
    side,
    passing,
    LOSSES.reboot,
    `mv ${clusters} ${clusters}.away; : > ${clusters}`,
  );
  ageMemory(clusters);
  return addCrosslink(side).then(
    () => "",
    (error: unknown) => String(error),
  );
}

/** One layer after the other; in between an ADD, which can but refuse. */
async function takeEach(side: Side, passing: Passing): Promise<void> {
  await take(side, passing, LAYERS.policies);
  await addCrosslink(side).catch(() => undefined);
  await take(side, passing, LAYERS.rules);
}

async function bringBack({ sides }: Stage): Promise<void> {
  const [{ node }] = sides;
  const clusters = node.clustersDir;
  const lines = `rm ${clusters}; mv ${clusters}.away ${clusters}`;
  await mustRunIn(node.namespace, "sh", "-ec", lines);
  await addCrosslink(sides[0]);
}

/** What is remembered of the node with these files is of another boot then, and all that there is. */
function ageMemory(folder: string): void {
  const file = "/var/lib/crosslink/fence.json";
  const { version, nodes } = JSON.parse(readFileSync(file, "utf8")) as {
    version: number;
    nodes: { folder: string }[];
  };
  const own = nodes
    .filter((node) => node.folder === folder)
    .map((node) => ({ ...node, boot: "another" }));
  if (own.length === 0) throw new Error("The node remembers nothing");
  writeFileSync(file, JSON.stringify({ version, nodes: own }), { mode: 0o600 });
}
