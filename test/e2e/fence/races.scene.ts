/** Runs that race while files come and go, a reboot without files that can be read, and a rotation of keys, under constant traffic. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  addCrosslink,
  openStage,
  type Site,
  type Stage,
} from "../leak/stage.ts";
import { crosslinkOn, mustRunIn, runIn } from "../support/command.ts";
import { tell } from "../support/facts.ts";
import { pod } from "../support/pod.ts";
import { clusterFile } from "../support/topology.ts";
import {
  isShut,
  LAYERS,
  take,
  tellThatItCanFail,
  underTraffic,
} from "./traffic.ts";

/** Where a file is dropped in between the starts of two ADDs that take about as long: in milliseconds. */
const DELAYS = [0, 150, 300, 500, 800, 1200];

const third = {
  cluster: "cluster3",
  name: "three",
  privateIp: "172.19.0.2",
  elasticIp: "203.0.113.3",
  podCidr: "10.0.2.0/24",
};

{
  using stage = await openStage({ linked: true });
  await race(stage);
  await rotate(stage);
  for (const another of [false, true]) await reboot(stage, another);
  await tellThatItCanFail(stage);
}

/** Two pods come at once; in between an admin drops a file in, or takes it away. Once fenced, the third cluster stays so. */
async function race(stage: Stage): Promise<void> {
  const [site] = stage.sites;
  const { node } = site;
  using second = pod(node, stage.world);
  await second.add();
  const file = join(node.folder, "clusters.d", "cluster3.json");
  const drop = (): void => {
    writeFileSync(file, JSON.stringify(clusterFile("cluster3", [third])));
  };
  drop();
  await addCrosslink(site);
  const missing: string[] = [];
  const seen = await underTraffic(stage, async () => {
    for (const [turn, delay] of [...DELAYS, ...DELAYS].entries()) {
      const adds = [site, { node, pod: second }].map(addCrosslink);
      await sleep(delay);
      if (turn % 2 === 0) rmSync(file);
      else drop();
      await Promise.all(adds);
      missing.push(...(await openTo(site, "10.0.1.0/24", "10.0.2.0/24")));
    }
  });
  tell(
    "two ADDs race while a file comes and goes: nothing leaves in clear text",
    isShut(seen) && seen.answered.every((count) => count > 0),
    seen,
  );
  tell(
    "two ADDs race while a file comes and goes: both layers name every cluster after each",
    missing.length === 0,
    missing,
  );
}

/** Of these CIDRs, those that a layer of the fence does not name. */
async function openTo(
  { node }: Site,
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

/** Add the key everywhere, make it active everywhere, remove the old one; between the steps a layer goes. */
async function rotate(stage: Stage): Promise<void> {
  const [one, two] = stage.sites;
  const seen = await underTraffic(stage, async () => {
    for (const step of ["--rotate", "--activate", "--retire"]) {
      await crosslinkOn(one.node, "keygen", step);
      const keyring = join(one.node.folder, "keyring.json");
      await mustRunIn(one.node.namespace, "cp", "-p", keyring, two.node.folder);
      for (const { node } of [one, two]) await crosslinkOn(node, "apply");
      await take(one, LAYERS.policies);
      await crosslinkOn(one.node, "apply");
      await take(one, LAYERS.rules);
      await crosslinkOn(one.node, "apply");
    }
  });
  tell(
    "a rotation, and a layer gone in between: no clear text",
    isShut(seen) && seen.esp > 0,
    seen,
  );
}

/** What a kernel loses, and a folder that cannot be read: what was remembered is all that there is. */
async function reboot(stage: Stage, another: boolean): Promise<void> {
  const [site] = stage.sites;
  const { folder, namespace } = site.node;
  const clusters = join(folder, "clusters.d");
  const boot = another
    ? `sed -i 's/"boot": "[^"]*"/"boot": "00000000-0000-4000-8000-000000000001"/' /var/lib/crosslink/fence.json`
    : "true";
  await take(
    site,
    `${LAYERS.policies}; ip xfrm state flush; nft flush ruleset`,
    `mv ${clusters} ${folder}/away; : > ${clusters}; ${boot}`,
  );
  const refused = await addCrosslink(site).then(
    () => "",
    (error: unknown) => String(error),
  );
  const seen = await underTraffic(stage, async () => {
    await take(site, LAYERS.policies);
    await addCrosslink(site).catch(() => undefined);
    await take(site, LAYERS.rules);
    await addCrosslink(site).catch(() => undefined);
  });
  const name = another ? "a reboot" : "all of the kernel's state lost";
  tell(
    `${name}, and a folder that cannot be read: no clear text`,
    isShut(seen) && refused !== "",
    { seen, refused },
  );
  await mustRunIn(
    namespace,
    ...([
      "sh",
      "-ec",
      `rm ${clusters}; mv ${folder}/away ${clusters}`,
    ] as const),
  );
  for (const each of stage.sites) await addCrosslink(each);
  const after = await underTraffic(stage, () => sleep(500));
  tell(
    `${name}: with the folder back pods talk`,
    isShut(after) && after.answered.every((count) => count > 0),
    after,
  );
}
