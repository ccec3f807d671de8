/** What an admin breaks, and both layers of the fence taken away one after the other, while pods talk. */
import { setTimeout as sleep } from "node:timers/promises";
import { addCrosslink, openStage, type Stage } from "../leak/stage.ts";
import { mustRunIn } from "../support/command.ts";
import { tell } from "../support/facts.ts";
import {
  isShut,
  LAYERS,
  take,
  tellThatItCanFail,
  underTraffic,
} from "./traffic.ts";

/** By a shell in the first node's folder; whether the next ADD can but refuse. */
const damages: Readonly<Record<string, readonly [string, "refuses" | "adds"]>> =
  {
    "nothing else": ["true", "adds"],
    "the other cluster's file gone": ["rm clusters.d/cluster2.json", "adds"],
    "the other cluster's file broken": [
      "sed -i 's/\"podCIDRs.*//' clusters.d/cluster2.json",
      "refuses",
    ],
    "the other cluster's file empty": [
      ": > clusters.d/cluster2.json",
      "refuses",
    ],
    "the folder emptied": ["rm clusters.d/*", "refuses"],
    "no keyring": ["rm keyring.json", "refuses"],
    "a keyring that others can read": ["chmod 0644 keyring.json", "refuses"],
    "a broken keyring": ["truncate -s 30 keyring.json", "refuses"],
    "the node's address changed": [
      "ip address add 172.17.0.3/24 dev eth0; ip address del 172.17.0.2/24 dev eth0; ip address replace 172.17.0.3/24 dev eth0; ip route replace default via 172.17.0.1",
      "refuses",
    ],
  };

const mend = `
  cp -a whole/. .
  ip address replace 172.17.0.2/24 dev eth0
  ip address del 172.17.0.3/24 dev eth0 2>/dev/null || true
  ip address replace 172.17.0.2/24 dev eth0
  ip route replace default via 172.17.0.1`;

{
  using stage = await openStage({ linked: true });
  const [{ node }] = stage.sites;
  await inFolder(stage, "mkdir whole; cp -a clusters.d keyring.json whole");
  for (const [name, [damage, answer]] of Object.entries(damages))
    await damageAndTake(stage, { name, damage, answer });
  await mustRunIn(node.namespace, "ip", "xfrm", "policy", "count");
  await tellThatItCanFail(stage);
}

async function damageAndTake(
  stage: Stage,
  what: Readonly<Record<"name" | "damage" | "answer", string>>,
): Promise<void> {
  const { name, damage, answer } = what;
  const [site] = stage.sites;
  const answers: string[] = [];
  const add = async (): Promise<void> => {
    const added = addCrosslink(site).then(
      () => "adds",
      (error: unknown) => String(error),
    );
    answers.push(await added);
  };
  const seen = await underTraffic(stage, async () => {
    await inFolder(stage, damage);
    await add();
    for (const layer of [LAYERS.policies, LAYERS.rules, LAYERS.policies]) {
      await take(site, layer);
      await add();
    }
  });
  const asExpected = answers.every(
    (each) => (each === "adds") === (answer === "adds"),
  );
  tell(`${name}: no clear text, whichever layer goes`, isShut(seen), seen);
  tell(`${name}: each ADD ${answer}`, asExpected, answers);
  await inFolder(stage, mend);
  await add();
  const after = await underTraffic(stage, () => sleep(500));
  tell(
    `${name}: mended, pods talk again`,
    isShut(after) && after.answered.every((count) => count > 0),
    { after, answers },
  );
}

async function inFolder({ sites }: Stage, script: string): Promise<void> {
  const [{ node }] = sites;
  const lines = `cd ${node.folder}; ${script}`;
  await mustRunIn(node.namespace, "sh", "-ec", lines);
}
