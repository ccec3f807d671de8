/**
 * What the size of a mesh costs a node's agent, the built program, on nodes beside each other: how long after its start the
 * fence stands, and everything, on a new node and after a reboot; what it takes at rest; and what an ADD takes by it. Where the
 * kernel has no ESP, nothing but the fence comes up, and no pod is added.
 *
 *   node test/bench/scale/agent.ts esp|none ROUNDS NODES,NODES…
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { socket } from "../../e2e/agent/nodes.ts";
import { topology, writeKeyring } from "../../e2e/support/topology.ts";
import { binary, dist } from "../../support/binary.ts";
import { namespace } from "../../support/namespace.ts";
import { ownFiles } from "../../support/node-files.ts";
import { ownState } from "../../support/own-state.ts";
import { statField, statusNumber } from "../../support/proc-stat.ts";
import { until } from "../../support/until.ts";
import {
  crosslink,
  installLauncher,
  type Program,
  ptp,
} from "../contestants.ts";
import { announce, printFigures } from "../output.ts";
import { type Place, runPlugin } from "../place.ts";
import { type Summary, summarize } from "../statistics.ts";
import { startWorker } from "../worker.ts";
import { type ScaleCluster, scaleClusters, type ScaleNode } from "./mesh.ts";

/** Seconds from the start of the program. */
export interface Rise {
  readonly fence: number;
  /** All policies and SAs; undefined where there is no ESP. */
  readonly all: number | undefined;
}

/** What one size costs. */
export interface AgentRow {
  readonly nodes: number;
  readonly policies: number;
  readonly associations: number;
  readonly first: Rise;
  /** After a reboot: nothing of the kernel's is left, and nothing in /run. */
  readonly again: Rise;
  /** Of a processor, in a minute in which nothing happens; undefined where it has no rest: what fails is tried again. */
  readonly restShare: number | undefined;
  readonly residentMB: number;
  readonly peakMB: number;
  /** Milliseconds. */
  readonly add: Summary | undefined;
}

/** A node in a mesh, and its agent, which may be started over. */
interface Lane extends Place {
  readonly nodes: number;
  /** How many CIDRs the fence has to stand toward. */
  readonly remotes: number;
  /** Words before a program that is to run on the node. */
  readonly inside: readonly string[];
  readonly plugin: Program;
}

const LIMIT = { limitSeconds: 1500, pauseMs: 200 } as const;
const REST_SECONDS = 60;

if (import.meta.main) {
  const [esp, rounds = "41", sizes = "10,20000"] = process.argv.slice(2);
  printFigures(
    await measure({
      hasEsp: esp === "esp",
      rounds: Number(rounds),
      sizes: sizes.split(",").map(Number),
    }),
  );
}

interface Plan {
  readonly hasEsp: boolean;
  readonly rounds: number;
  readonly sizes: readonly number[];
}

async function measure({ hasEsp, rounds, sizes }: Plan): Promise<AgentRow[]> {
  await using stack = new AsyncDisposableStack();
  const rows: (Omit<AgentRow, "add"> & { readonly lane: Lane })[] = [];
  for (const nodes of sizes) {
    announce(`an agent among ${nodes.toLocaleString("en")} nodes`);
    const lane = laneOf(stack, nodes);
    rows.push({ lane, ...(await lifeOf(stack, lane, hasEsp)) });
  }
  const lanes = rows.map(({ lane }) => lane);
  const adds = hasEsp ? await addsOf(lanes, rounds) : new Map<Lane, number[]>();
  return rows.map(({ lane, ...row }) => {
    const taken = adds.get(lane);
    return { ...row, add: taken && summarize(taken) };
  });
}

function laneOf(stack: AsyncDisposableStack, nodes: number): Lane {
  const mesh = { nodes, dual: false, elastic: true, covered: true };
  const clusters = scaleClusters(mesh);
  const { path, node } = placeIn(stack, clusters);
  for (const cluster of clusters) node.writeCluster(cluster.name, cluster);
  writeKeyring([node]);
  const state = stack.use(ownState());
  const { name } = node.namespace;
  return {
    ...{ node, path, nodes, remotes: clusters.length - 1 },
    worker: stack.use(startWorker(name)),
    inside: ["nsenter", `--net=/run/netns/${name}`, state.option],
    plugin: crosslink(node, installLauncher(node, dist)),
  };
}

/** The measured node is the first of the first cluster. */
function placeIn(
  stack: AsyncDisposableStack,
  clusters: readonly ScaleCluster[],
): Pick<Place, "node" | "path"> {
  const [{ name: cluster, nodes }] = clusters as [ScaleCluster];
  const [{ name, ips, elasticIP = "", podCIDRs }] = nodes as [ScaleNode];
  const [privateIp, podCidr] = [ips[0]!, podCIDRs[0]!];
  const world = stack.use(
    topology([{ cluster, name, privateIp, elasticIp: elasticIP, podCidr }]),
  );
  return { node: world.nodes[0]!, path: world.path };
}

/** Up, at rest, rebooted, and up again: it stays. */
async function lifeOf(
  stack: AsyncDisposableStack,
  lane: Lane,
  hasEsp: boolean,
): Promise<Omit<AgentRow, "add">> {
  const first = await riseOf(lane, hasEsp);
  await first.end();
  await reboot(lane);
  const again = await riseOf(lane, hasEsp);
  stack.defer(again.end);
  const { nodes } = lane;
  const restShare = hasEsp ? await restOf(again) : undefined;
  return {
    ...{ nodes, ...(await holdsOf(lane)), restShare },
    ...{ first: first.rise, again: again.rise, ...again.memory() },
  };
}

/** Once nothing has happened for a while it gives back what it can. */
async function restOf({ seconds }: Risen): Promise<number> {
  await sleep(2 * REST_SECONDS * 1000);
  const before = seconds();
  await sleep(REST_SECONDS * 1000);
  return (seconds() - before) / REST_SECONDS;
}

/** An agent that has come up. */
interface Risen {
  readonly rise: Rise;
  /** Of a processor, since it began. */
  readonly seconds: () => number;
  readonly memory: () => Pick<AgentRow, "residentMB" | "peakMB">;
  readonly end: () => Promise<void>;
}

async function riseOf(lane: Lane, hasEsp: boolean): Promise<Risen> {
  const { node, inside, path, remotes } = lane;
  mkdirSync(join(node.folder, "run"), { recursive: true, mode: 0o700 });
  const begun = performance.now();
  const since = () => (performance.now() - begun) / 1000;
  const words = ["agent", "--socket", socket(node)];
  const [program = "", ...rest] = inside;
  const child = spawn(
    program,
    [...rest, binary, ...words, ...ownFiles("agent", node, node.name)],
    { stdio: ["ignore", "ignore", "pipe"], env: { PATH: path } },
  );
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (part: string) => {
    log += part;
  });
  const describe = () => log.slice(-2000);
  await until(async () => (await holdsOf(lane)).policies >= 3 * remotes, {
    ...LIMIT,
    pauseMs: 5,
    describe,
  });
  const fence = since();
  const wanted = tunnelsOf(lane);
  const isUp = async () => {
    const { policies, associations } = await holdsOf(lane);
    return policies >= 3 * (remotes + wanted) && associations >= 3 * wanted;
  };
  if (hasEsp) await until(isUp, { ...LIMIT, describe });
  const all = hasEsp ? since() : undefined;
  await until(() => log.includes("the agent is ready"), { ...LIMIT, describe });
  return { rise: { fence, all }, ...figuresOf(child) };
}

/** One with each node of the other clusters. */
function tunnelsOf({ nodes, remotes }: Lane): number {
  return (nodes / (remotes + 1)) * remotes;
}

/** nsenter becomes the program. */
function figuresOf(child: ChildProcess): Omit<Risen, "rise"> {
  const megabytes = (name: "VmRSS" | "VmHWM") =>
    (statusNumber(child.pid, name) * 1024) / 1e6;
  return {
    seconds: () => {
      const stat = `/proc/${child.pid}/stat`;
      // utime and stime, in hundredths (proc_pid_stat(5)).
      return (statField(stat, 14) + statField(stat, 15)) / 100;
    },
    memory: () => ({
      residentMB: megabytes("VmRSS"),
      peakMB: megabytes("VmHWM"),
    }),
    end: async () => {
      if (child.exitCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** What the kernel loses, and /run. */
async function reboot(lane: Lane): Promise<void> {
  const script =
    "ip xfrm policy flush; ip xfrm state flush; nft flush ruleset; rm -rf /run/crosslink/*";
  await onNode(lane, ["sh", "-ec", script]);
}

async function holdsOf(
  lane: Lane,
): Promise<Pick<AgentRow, "policies" | "associations">> {
  const said = await onNode(lane, [
    ...["sh", "-c", "ip xfrm policy count; ip xfrm state count"],
  ]);
  const all = [...said.matchAll(/(?:IN|OUT|FWD) +(\d+)/g)].slice(0, 3);
  const policies = all.reduce((sum, [, count]) => sum + Number(count), 0);
  const associations = Number(/SAD count (\d+)/.exec(said)?.[1] ?? 0);
  return { policies, associations };
}

async function onNode(
  { inside }: Lane,
  command: readonly string[],
): Promise<string> {
  const [program = "", ...rest] = inside;
  const child = spawn(program, [...rest, ...command], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    said += part;
  });
  await once(child, "close");
  return said;
}

/** In turns, so that whatever disturbs the machine disturbs all alike. */
async function addsOf(
  lanes: readonly Lane[],
  rounds: number,
): Promise<Map<Lane, number[]>> {
  const taken = new Map(lanes.map((lane) => [lane, [] as number[]]));
  // The first round warms the page cache.
  for (let round = 0; round <= rounds; round += 1) {
    announce(`ADD, round ${round} of ${rounds}`);
    for (const lane of round % 2 === 0 ? lanes : lanes.toReversed()) {
      const milliseconds = await addOnce(lane);
      if (round > 0) taken.get(lane)?.push(milliseconds);
    }
  }
  return taken;
}

async function addOnce(lane: Lane): Promise<number> {
  using pod = namespace();
  const base = ptp(lane.node);
  const wired = await runPlugin(lane, base, { command: "ADD", pod });
  const prevResult: unknown = JSON.parse(wired.stdout);
  const call = (plugin: Program, command: string) =>
    runPlugin(lane, plugin, { command, pod, prevResult });
  const { milliseconds } = await call(lane.plugin, "ADD");
  await call(lane.plugin, "DEL");
  await call(base, "DEL");
  return milliseconds;
}
