/** What an admin breaks, and both layers of the fence taken away one after the other, while pods talk. */
import { addCrosslink, openStage, type Stage } from "../leak/stage.ts";
import { mustRunIn } from "../support/command.ts";
import { tell } from "../support/facts.ts";
import {
  isAnswered,
  isShut,
  LAYERS,
  type Passing,
  take,
  underTraffic,
} from "./traffic.ts";

/** By a shell in the first node's folder; whether the next ADD can but refuse. More of them are in integration/fence. */
const damages: Readonly<Record<string, readonly [string, "refuses" | "adds"]>> =
  {
    "nothing else": ["true", "adds"],
    "the other cluster's file broken": [
      "sed -i 's/\"podCIDRs.*//' clusters.d/cluster2.json",
      "refuses",
    ],
    "the folder emptied": ["rm clusters.d/*", "refuses"],
    "no keyring": ["rm keyring.json", "refuses"],
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

const MENDED = "mended";
const OPEN = "open";

{
  using stage = await openStage({ linked: true });
  const [side] = stage.sides;
  await inFolder(stage, "mkdir whole; cp -a clusters.d keyring.json whole");
  const answers = new Map<string, readonly string[]>();
  const breaking = Object.entries(damages).map(
    ([name, [damage]]) =>
      [
        name,
        async (passing: Passing) => {
          answers.set(name, await damageAndTake(stage, damage, passing));
        },
      ] as const,
  );
  const traffic = await underTraffic(stage, {
    ...Object.fromEntries(breaking),
    [MENDED]: () => addCrosslink(side),
    [OPEN]: (passing) => take(side, passing, LAYERS.policies, LAYERS.rules),
  });
  for (const [name, [, answer]] of Object.entries(damages)) {
    const seen = traffic.during(name);
    const given = answers.get(name) ?? [];
    tell(`${name}: no clear text, whichever layer goes`, isShut(seen), {
      seen,
      shown: traffic.shown,
    });
    tell(
      `${name}: each ADD ${answer}`,
      given.length > 0 &&
        given.every((each) => (each === "adds") === (answer === "adds")),
      given,
    );
  }
  const after = traffic.during(MENDED);
  tell(
    "with all mended, pods talk again",
    isShut(after) && isAnswered(after),
    after,
  );
  const open = traffic.during(OPEN);
  tell(
    "with both layers gone at once, clear text is seen",
    open.clear > 0,
    open,
  );
}

/** Returns what each ADD answered. */
async function damageAndTake(
  stage: Stage,
  damage: string,
  passing: Passing,
): Promise<string[]> {
  const [side] = stage.sides;
  const answers: string[] = [];
  await inFolder(stage, damage);
  for (const layer of [LAYERS.policies, LAYERS.rules]) {
    await take(side, passing, layer);
    const added = addCrosslink(side).then(
      () => "adds",
      (error: unknown) => String(error),
    );
    answers.push(await added);
  }
  // By the rules alone, which the last ADD put back.
  await take(side, passing, LAYERS.policies);
  await inFolder(stage, mend);
  return answers;
}

async function inFolder({ sides }: Stage, script: string): Promise<void> {
  const [{ node }] = sides;
  const lines = `cd ${node.folder}; ${script}`;
  await mustRunIn(node.namespace, "sh", "-ec", lines);
}
