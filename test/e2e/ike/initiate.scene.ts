/** A node behind a NAT, at which nobody can reach it, begins its tunnel itself; then the NAT gives it another address. */
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../../support/until.ts";
import { SLOWLY } from "../agent/nodes.ts";
import {
  openStage,
  type Stage,
  underPing,
  withoutLoss,
} from "../leak/stage.ts";
import { mustRunIn } from "../support/command.ts";
import { tell } from "../support/facts.ts";
import { clusterFile, type Node, type Topology } from "../support/topology.ts";
import {
  bothUp,
  ikeOf,
  spisOf,
  startAgents,
  statesOf,
  statusOf,
} from "./stage.ts";

/** What the NAT has, and nobody else. */
const PLACES = ["203.0.113.1", "203.0.113.7"] as const;

{
  using stage = await openStage({ linked: false });
  const { world } = stage;
  writeFiles(world.nodes);
  await translate(world, PLACES[0]);
  const agents = await startAgents(stage);
  await comeUp(stage);
  await move(stage);
  await renumber(stage);
  for (const agent of agents) await agent.stop();
}

/** The first node has no public address. */
function writeFiles(nodes: readonly Node[]): void {
  const [one, two] = nodes as [Node, Node];
  const file = clusterFile(one.cluster, nodes) as { nodes: object[] };
  const [{ name, ips, podCIDRs }] = file.nodes as [Record<string, unknown>];
  const files = {
    [one.cluster]: {
      ...file,
      nodes: [{ name, ips, podCIDRs, initiate: true }],
    },
    [two.cluster]: clusterFile(two.cluster, nodes),
  };
  for (const node of nodes)
    for (const [cluster, content] of Object.entries(files))
      node.writeCluster(cluster, { ...content, keying: "ike" });
}

/**
 * From now on the first node's packets come from this address, and nothing goes in to it but answers.
 *
 * @param inner its own address
 */
async function translate(
  { internet, path, nodes }: Topology,
  place: string,
  inner?: string,
): Promise<void> {
  const [one, two] = nodes as [Node, Node];
  const rules = [
    "*nat",
    `-A PREROUTING -d ${two.elasticIp} -j DNAT --to-destination ${two.privateIp}`,
    `-A POSTROUTING -s ${two.privateIp} -j SNAT --to-source ${two.elasticIp}`,
    `-A POSTROUTING -s ${inner ?? one.privateIp} -j SNAT --to-source ${place}`,
    "COMMIT",
    "",
  ].join("\\n");
  const script = `printf '${rules}' | iptables-restore && conntrack -F`;
  await mustRunIn(internet, "env", `PATH=${path}`, "sh", "-c", script);
}

async function comeUp(stage: Stage): Promise<void> {
  const [, two] = stage.world.nodes as [Node, Node];
  const coming = await underPing(stage, () => bothUp(stage.world.nodes));
  const seen = await underPing(stage, () =>
    until(() => isAt(two, PLACES[0]), {
      ...SLOWLY,
      describe: () => JSON.stringify(ikeOf(two)),
    }),
  );
  await healed(stage);
  const after = await underPing(stage, () => sleep(1_000));
  const status = await statusOf(two);
  tell(
    "a node that nobody can reach brings its tunnel up",
    withoutLoss(after),
    { pings: after.pings, status },
  );
  tell(
    "its peer answers to where it has appeared, in UDP",
    status.includes(PLACES[0]) && /, in UDP/u.test(status),
    status,
  );
  const clear = [coming, seen, after].flatMap((each) => each.clear);
  tell("while it comes up nothing leaks", clear.length === 0, coming.shown);
}

async function move(stage: Stage): Promise<void> {
  const [, two] = stage.world.nodes as [Node, Node];
  const moving = await underPing(stage, async () => {
    await translate(stage.world, PLACES[1]);
    await until(() => isAt(two, PLACES[1]), {
      ...SLOWLY,
      describe: () => JSON.stringify(ikeOf(two)),
    });
  });
  await healed(stage);
  const after = await underPing(stage, () => sleep(1_000));
  tell("another address of the NAT's is followed", withoutLoss(after), {
    moving: moving.pings,
    after: after.pings,
    sas: await statesOf(two),
  });
  const clear = [moving, after].flatMap((each) => each.clear);
  tell("while it moves nothing leaks", clear.length === 0, moving.shown);
}

/** Its own network gives the node another address, of which no file knows. */
async function renumber(stage: Stage): Promise<void> {
  const [one, two] = stage.world.nodes as [Node, Node];
  const inner = one.privateIp.replace(/\d+$/u, "77");
  const router = one.privateIp.replace(/\d+$/u, "1");
  const before = (await spisOf(two)).join();
  const renumbering = await underPing(stage, async () => {
    await translate(stage.world, PLACES[1], inner);
    for (const words of [
      `address delete ${one.privateIp}/24 dev eth0`,
      `address add ${inner}/24 dev eth0`,
      `route replace default via ${router}`,
    ])
      await mustRunIn(one.namespace, "ip", ...words.split(" "));
    await until(
      async () =>
        (await statesOf(one)).includes(`src ${inner} `) &&
        (await spisOf(two)).join() !== before,
      { ...SLOWLY, describe: () => JSON.stringify(ikeOf(one)) },
    );
  });
  await healed(stage);
  const after = await underPing(stage, () => sleep(1_000));
  const status = await statusOf(one);
  tell(
    "another address of its own costs it no file",
    withoutLoss(after) && status.includes("IKE with cluster2/two: up"),
    { renumbering: renumbering.pings, after: after.pings, status },
  );
  const clear = [renumbering, after].flatMap((each) => each.clear);
  tell(
    "while its own address changes nothing leaks",
    clear.length === 0,
    renumbering.shown,
  );
}

function isAt(node: Node, place: string): boolean {
  return ikeOf(node)?.endpoint === place;
}

async function healed(stage: Stage): Promise<void> {
  await until(async () => withoutLoss(await underPing(stage)), {
    ...SLOWLY,
    describe: () => JSON.stringify(stage.world.nodes.map(ikeOf)),
  });
}
