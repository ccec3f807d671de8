/** A gateway that stands by, and what becomes of the mesh when the one in use is dead. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../support/until.ts";
import { SLOWLY, startAgent } from "../agent/nodes.ts";
import { capture } from "../support/capture.ts";
import { tell } from "../support/facts.ts";
import { keepPinging } from "../support/ping.ts";
import { mustCrosslink, pings, shell, type ShapePod } from "./actor.ts";
import type { Member } from "./locations.ts";
import type { World } from "./world.ts";

/** A pod of the p2p cluster, and one of a leaf. */
interface Ends {
  readonly edge: ShapePod;
  readonly leaf: ShapePod;
}

/** An SA as `ip xfrm state` has it. */
interface Standing {
  readonly source: string;
  readonly destination: string;
  readonly spi: string;
  readonly reqid: string;
  readonly added: string;
}

async function standingOn({ namespace }: Member): Promise<Standing[]> {
  const text = await shell(namespace, "ip -s xfrm state");
  const found = text.matchAll(
    /^src (\S+) dst (\S+)\n\s+proto esp spi (0x[0-9a-f]+)\S* reqid (\d+)[^]*?\n\s+add (\S+ \S+)/gm,
  );
  return [...found].map(
    ([, source = "", destination = "", spi = "", reqid = "", added = ""]) => ({
      ...{ source, destination, spi, reqid, added },
    }),
  );
}

/** The standby gateway and all its far ends have what the other sends with. */
export async function standingBy(scene: World): Promise<void> {
  const standby = scene.machine("gateway-2");
  await mustCrosslink(standby, scene, "apply");
  const own = standby.entry.ips[0];
  const here = await standingOn(standby);
  const spis = (list: readonly Standing[], sends: boolean, at: string) =>
    list
      .filter(({ source }) => (source === at) === sends)
      .map(({ spi }) => spi);
  const missing: string[] = [];
  const farEnds = ["edge", "campus-gateway"];
  const leaves = ["gateway-1", "worker-1", "worker-2"];
  for (const machine of [...farEnds, ...leaves].map(scene.machine)) {
    const there = await standingOn(machine);
    const [address] = machine.entry.ips;
    const ways = [
      [spis(there, true, address), spis(here, false, own)],
      [spis(here, true, own), spis(there, false, address)],
    ] as const;
    for (const [sent, heard] of ways)
      if (!sent.some((spi) => heard.includes(spi))) missing.push(machine.name);
  }
  tell(
    "a standby gateway and all its far ends have SAs for each other",
    missing.length === 0,
    { missing, here },
  );
}

/** Somebody on the standby gateway leads a pod's packets into such an SA: they arrive, and pass nothing. */
export async function nothingPasses(
  scene: World,
  { edge }: Ends,
): Promise<void> {
  const standby = scene.machine("gateway-2");
  const { namespace } = scene.machine("edge");
  const source = "10.244.3.77";
  const [target = ""] = edge.addresses;
  const sa = (await standingOn(standby)).find(
    ({ destination }) => destination === "198.51.100.20",
  );
  const counted = async () => {
    const text = await shell(
      namespace,
      `ip -s xfrm state list src 203.0.113.12; cat /proc/net/xfrm_stat`,
    );
    return {
      packets: [...text.matchAll(/(\d+)\(packets\)/g)].reduce(
        (sum, [, count]) => sum + Number(count),
        0,
      ),
      refused: Number(/XfrmInTmplMismatch\s+(\d+)/.exec(text)?.[1]),
    };
  };
  const before = await counted();
  const recorder = await capture(edge.namespace, "eth0");
  const policy = `src ${source}/32 dst ${target}/32 dir out`;
  await shell(
    standby.namespace,
    `ip addr add ${source}/32 dev lo
    ip xfrm policy add ${policy} priority 1 tmpl src ${String(sa?.source)} dst ${String(sa?.destination)} proto esp reqid ${String(sa?.reqid)} mode tunnel`,
  );
  await pings(standby.namespace, target, "-I", source, "-c3", "-i0.2");
  await shell(
    standby.namespace,
    `ip xfrm policy delete ${policy}; ip addr del ${source}/32 dev lo`,
  );
  const after = await counted();
  using recording = await recorder.stop();
  const arrived = recording.count(`host ${source}`);
  tell(
    "what comes by an SA that stands by is decrypted, and passes nothing",
    after.packets > before.packets &&
      after.refused > before.refused &&
      arrived === 0,
    { before, after, arrived, sa },
  );
}

/** The gateway in use dies; agents hear by their files which one is in use, at different moments. */
export async function failOver(
  scene: World,
  { edge, leaf }: Ends,
): Promise<void> {
  const dead = scene.machine("gateway-1");
  const takers = ["gateway-2", "worker-2", "edge"].map((name) =>
    scene.machine(name),
  );
  const [target = ""] = leaf.addresses;
  const before = await Promise.all(takers.map(standingOn));
  const agents = await Promise.all(
    takers.map((each) => startAgent(each, { path: scene.path })),
  );
  const pinging = keepPinging(edge.namespace, target);
  await until(() => pings(edge.namespace, target), SLOWLY);
  await shell(
    dead.namespace,
    `nft add table ip dead
    nft add chain ip dead in '{ type filter hook prerouting priority -400; policy drop; }'
    nft add chain ip dead out '{ type filter hook postrouting priority 400; policy drop; }'`,
  );
  const died = !(await pings(edge.namespace, target));
  const began = performance.now();
  for (const machine of takers) use("gateway-2", machine);
  await until(() => pings(edge.namespace, target, "-W0.2"), {
    ...SLOWLY,
    pauseMs: 20,
    describe: () => agents.map((agent) => agent.log()).join("\n"),
  });
  const milliseconds = Math.round(performance.now() - began);
  const pinged = await pinging.stop();
  const after = await Promise.all(takers.map(standingOn));
  for (const agent of agents) await agent.stop();
  tell("a standby gateway takes over from a dead one", died, {
    ...{ milliseconds, sent: pinged.sent, lost: pinged.lost.length },
  });
  tell(
    "a move makes no SA, and takes none away",
    textOf(after) === textOf(before),
    { before, after },
  );
  await shell(dead.namespace, "nft delete table ip dead");
  use("gateway-2", dead);
  await mustCrosslink(dead, scene, "apply");
}

function textOf(lists: readonly (readonly Standing[])[]): string {
  return JSON.stringify(
    lists.map((list) => list.map((sa) => JSON.stringify(sa)).sort()),
  );
}

/** As a publisher's word would have it. */
function use(gateway: string, { clustersDir, folder }: Member): void {
  const file = join(clustersDir, "headquarters.json");
  const cluster = JSON.parse(readFileSync(file, "utf8")) as {
    nodes: { name: string; gateway?: boolean; active?: boolean }[];
  };
  for (const node of cluster.nodes)
    if (node.gateway === true) node.active = node.name === gateway;
  const written = join(folder, "headquarters.json");
  writeFileSync(written, JSON.stringify(cluster));
  renameSync(written, file);
}
