/**
 * One node of a large mesh whose files change all the time: the agent's own reading, planning, schedule and watches, with the
 * policies of this machine's kernel, and SAs in memory, since not every kernel has ESP. In namespaces of its own: for churn.ts.
 *
 *   node test/bench/scale/churn-node.ts NODES SECONDS PER_SECOND
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import {
  type NetworkConfiguration,
  parseNetwork,
} from "../../../conf/network.ts";
import { formatAddress } from "../../../native/index.ts";
import { listen } from "../../../plugin/agent/changes.ts";
import { growSparingly, ownHeap } from "../../../plugin/agent/heap.ts";
import { lookKinds } from "../../../plugin/agent/look-kinds.ts";
import { schedule } from "../../../plugin/agent/schedule.ts";
import { type Log, silent } from "../../../plugin/kernel/log.ts";
import { withSession } from "../../../plugin/kernel/session.ts";
import { type EnsureNode, refreshNode } from "../../../plugin/node/refresh.ts";
import { binding } from "../../support/binding.ts";
import { type Sad, withSad } from "../../support/xfrm/sad.ts";
import { printFigures } from "../output.ts";
import { type Change, type Orders, SLICE, slicePath } from "./changer.ts";
import { measured, ownPlace, scaleClusters, writeScaleMesh } from "./mesh.ts";

/** A look that the agent took: times in milliseconds since 1970. */
interface Look {
  readonly began: number;
  readonly ended: number;
  readonly busyMs: number;
  readonly residentMB: number;
  /** The most until then. */
  readonly peakMB: number;
}

const [nodes = 20_000, seconds = 60, perSecond = 100] = process.argv
  .slice(2)
  .map(Number);
const mesh = { nodes, dual: false, elastic: true, covered: true };
const HOST = { nodeName: measured.node, hostName: "" };
const folder = mkdtempSync(join(tmpdir(), "crosslink-churn-"));
try {
  await measure();
} finally {
  rmSync(folder, { recursive: true });
}

async function measure(): Promise<void> {
  growSparingly("stays");
  const { clusters, config } = setUp();
  const sad: Sad = new Map();
  const agent = startAgent(config, sad);
  const { looks } = agent;
  const settled = looks.length;
  const made = await changed({ mesh, clusters, seconds, perSecond });
  const last = made.at(-1)?.at ?? 0;
  while (!looks.some(({ began }) => began > last)) await setTimeout(50);
  agent.stop();
  const resting = atRest();
  let steps = 0;
  lookOnce(refreshNode({ host: HOST }), { config, sad }, () => (steps += 1));
  const [cold, second] = looks;
  printFigures({
    ...figuresOf(made, looks.slice(settled)),
    ...{ cold, settledMB: second?.residentMB, ...resting },
    ...{ stepsFromScratch: steps, stale: staleAmong(made, sad) },
    modelMB: heldBy(sad),
  });
}

/** What all of the above has in it of SAs that the kernel would keep. Nothing is left of them. */
function heldBy(sad: Sad): number {
  const held = () => {
    ownHeap.collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = held();
  sad.clear();
  return (before - held()) / 1e6;
}

/** What an agent holds that has given back what it can, as it does once nothing has happened for a while; the SAs in memory are in it. */
function atRest() {
  ownHeap.collect();
  binding.releaseFreed();
  binding.releaseImage();
  const { rss, heapUsed } = process.memoryUsage();
  return { restingMB: rss / 1e6, restingHeapMB: heapUsed / 1e6 };
}

/** The node's devices and files. */
function setUp() {
  const ip = (line: string) => execFileSync("ip", line.split(" "));
  ip("link add eth0 type veth peer name wire");
  ip("link set wire up");
  for (const line of ownPlace(mesh)) ip(line);
  const { clusters, keyring } = writeScaleMesh(folder, mesh);
  intoSlices(clusters);
  const entry = { type: "crosslink", clustersDir: clusters, keyring };
  const config = parseNetwork({ ...entry, node: measured.node });
  return { clusters, config };
}

/** What a look is at. */
interface Subject {
  readonly config: NetworkConfiguration;
  readonly sad: Sad;
}

/** Returns the mark of what it did. */
function lookOnce(
  ensure: EnsureNode,
  { config, sad }: Subject,
  log: Log,
): number {
  return withSession({ binding }, (session) => {
    const dumps = { policies: 0, associations: 0 };
    const xfrm = withSad(session.xfrm, sad, dumps);
    ensure({ ...session, xfrm }, config, log);
    return session.xfrm.mark;
  });
}

/** Looks as an agent does. It has set the node up. */
function startAgent(config: NetworkConfiguration, sad: Sad) {
  const conflists = { folder: join(folder, "net.d") };
  const kernel = { binding };
  const changes = listen({ kernel, conflists, log: silent }, () => {
    const { files, kernel } = changes.poll();
    if (files !== "nothing") agent.request("files");
    if (kernel !== "nothing") agent.request();
  });
  const kinds = lookKinds(changes);
  const onlooker = { know: () => undefined, repaired: () => undefined };
  const refresh = refreshNode({ host: HOST }, { onlooker }, kinds);
  const looks: Look[] = [];
  const agent = schedule((occasion) => {
    const [began, cpu] = [Date.now(), process.cpuUsage()];
    changes.poll();
    kinds.begin(occasion);
    changes.followFiles(config, { flannel: false });
    changes.passOver(lookOnce(refresh, { config, sad }, silent));
    const { user, system } = process.cpuUsage(cpu);
    looks.push({
      ...{ began, ended: Date.now(), busyMs: (user + system) / 1000 },
      residentMB: process.memoryUsage.rss() / 1e6,
      peakMB: (process.resourceUsage().maxRSS * 1024) / 1e6,
    });
    return kinds.last();
  });
  agent.run();
  agent.run();
  return {
    looks,
    stop: () => {
      agent.stop();
      changes.close();
    },
  };
}

function intoSlices(clusters: string): void {
  for (const { nodes: list, ...head } of scaleClusters(mesh)) {
    writeFileSync(join(clusters, `${head.name}.json`), JSON.stringify(head));
    mkdirSync(join(clusters, `${head.name}.d`));
    for (let from = 0; from < list.length; from += SLICE)
      writeFileSync(
        slicePath(clusters, head.name, from / SLICE),
        JSON.stringify({ nodes: list.slice(from, from + SLICE) }, undefined, 1),
      );
  }
}

/** Has it done by a thread of its own, whatever this one is busy with. */
async function changed(orders: Orders): Promise<readonly Change[]> {
  const thread = new Worker(new URL("changer.ts", import.meta.url), {
    workerData: orders,
  });
  return await new Promise((resolve, reject) => {
    thread.once("message", resolve);
    thread.once("error", reject);
  });
}

/** A change has its effect, at the latest, where the first look ends that began after it. */
function figuresOf(made: readonly Change[], looks: readonly Look[]): object {
  const lags = made
    .map(({ at }) => (looks.find(({ began }) => began > at)?.ended ?? at) - at)
    .sort((a, b) => a - b);
  const part = (share: number) => lags[Math.floor(lags.length * share)];
  const third = Math.ceil(looks.length / 3);
  const most = (some: readonly Look[]) =>
    Math.max(...some.map(({ residentMB }) => residentMB));
  return {
    ...{ changes: made.length, looks: looks.length },
    ...{ lagMedianMs: part(0.5), lag99Ms: part(0.99), lagMostMs: lags.at(-1) },
    busyMsOfLooks: looks.reduce((sum, { busyMs }) => sum + busyMs, 0),
    ...{ firstThirdMB: most(looks.slice(0, third)) },
    ...{ lastThirdMB: most(looks.slice(-third)) },
  };
}

/** Changed nodes to whose last address no SA leads. */
function staleAmong(made: readonly Change[], sad: Sad): number {
  const ends = new Set(
    [...sad.values()].map(({ destination }) => formatAddress(destination)),
  );
  const last = new Map(made.map(({ node, elasticIP }) => [node, elasticIP]));
  return [...last.values()].filter((address) => !ends.has(address)).length;
}
