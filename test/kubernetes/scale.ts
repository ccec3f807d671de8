/**
 * What a large cluster costs its publisher and an agent, before a real API server: how long a changed Node takes to each file, and
 * what that is in bytes, processor and memory.
 *
 *   node test/kubernetes/scale.ts [NODES]
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Access } from "../../plugin/kubernetes/api/access.ts";
import { readKubeconfig } from "../../plugin/kubernetes/api/kubeconfig.ts";
import { list } from "../../plugin/kubernetes/api/list.ts";
import { ask, begin } from "../../plugin/kubernetes/api/request.ts";
import { keepFilesTrue } from "../../plugin/kubernetes/files/keep.ts";
import { ELASTIC_IP, PATHS } from "../../plugin/kubernetes/names.ts";
import { until } from "../support/until.ts";
import { controlPlaneForATest } from "./control-plane/for-a-test.ts";
import {
  accountConfig,
  adminConfig,
  installMesh,
  nodeObject,
  staying,
} from "./control-plane/mesh.ts";

const NODES = Number(process.argv[2] ?? 1_000);
const CHANGES = 20;

const name = (i: number) => `n${String(i).padStart(4, "0")}`;

async function addNodes(admin: Access): Promise<void> {
  for (let i = 0; i < NODES; i += 20)
    await Promise.all(
      Array.from({ length: Math.min(20, NODES - i) }, (_, j) => {
        const [high, low] = [(i + j) >> 8, (i + j) & 255];
        const body = nodeObject(name(i + j), {
          internal: `192.168.${high}.${low}`,
          pods: `10.${128 + high}.${low}.0/24`,
        });
        return ask(admin, { method: "POST", path: PATHS.nodes, body });
      }),
    );
}

/** Seconds of processor, and the most memory in MiB, by proc(5). */
function usageOf(pid: number): { readonly cpu: number; readonly mib: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  const peak = /VmHWM:\s+(\d+)/.exec(
    readFileSync(`/proc/${pid}/status`, "utf8"),
  );
  const ticks = Number(fields[11]) + Number(fields[12]);
  return { cpu: ticks / 100, mib: Number(peak?.[1]) / 1024 };
}

/** Counts what a watch of the slices sends. */
async function countBytes(access: Access): Promise<() => number> {
  const { resourceVersion } = await list(access, { path: PATHS.slices });
  const query = { watch: "true", resourceVersion };
  const { response } = await begin(access, { path: PATHS.slices, query });
  let bytes = 0;
  response.on("data", (chunk: Buffer) => (bytes += chunk.length));
  return () => bytes;
}

await using plane = await controlPlaneForATest();
await installMesh(plane);
const admin = readKubeconfig(adminConfig(plane));
await addNodes(admin);
await using publisher = staying(
  ...["publish", "--name", "a", "--kubeconfig"],
  await accountConfig(plane, "crosslink-publisher"),
);
const agent = readKubeconfig(await accountConfig(plane, "crosslink-agent"));
const file = join(plane.folder, "node/clusters.d/a.json");
const began = performance.now();
const kept = keepFilesTrue({
  access: agent,
  places: () => ({
    clustersDir: join(plane.folder, "node/clusters.d"),
    keyring: join(plane.folder, "node/keyring.json"),
  }),
  log: () => undefined,
});
const text = () => {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
};
const becomes = (holds: () => boolean) =>
  until(() => Promise.resolve(holds()), {
    limitSeconds: 120,
    pauseMs: 10,
    describe: publisher.log,
  });
await becomes(() => text().includes(`"${name(NODES - 1)}"`));
const first = (performance.now() - began) / 1000;
await sleep(2_000);
const counted = await countBytes(agent);
const pid = publisher.process.pid ?? 0;
const [publisherBefore, agentBefore] = [usageOf(pid), process.cpuUsage()];
const times: number[] = [];
for (let i = 0; i < CHANGES; i++) {
  const address = `203.0.113.${i + 1}`;
  const path = `${PATHS.nodes}/${name((i * 37) % NODES)}`;
  const body = { metadata: { annotations: { [ELASTIC_IP]: address } } };
  const start = performance.now();
  await ask(admin, { method: "PATCH", path, body });
  await becomes(() => text().includes(`"${address}"`));
  times.push(performance.now() - start);
}
const publisherAfter = usageOf(pid);
const { user, system } = process.cpuUsage(agentBefore);
times.sort((a, b) => a - b);
kept.stop();
const each = (seconds: number) =>
  `${Math.round((seconds / CHANGES) * 1000)} ms`;
console.log(
  [
    `${NODES} Nodes: the first file after ${first.toFixed(1)} s`,
    `a changed Node is in the file after ${Math.round(times[CHANGES / 2] ?? 0)} ms, at most ${Math.round(times.at(-1) ?? 0)} ms`,
    `an agent reads ${Math.round(counted() / CHANGES)} bytes a change`,
    `publisher: ${each(publisherAfter.cpu - publisherBefore.cpu)} of processor a change, at most ${Math.round(publisherAfter.mib)} MiB`,
    `agent's share, this script's own looks included: ${each((user + system) / 1e6)} of processor a change`,
  ].join("\n"),
);
process.exitCode = 0;
await publisher[Symbol.asyncDispose]();
await plane[Symbol.asyncDispose]();
process.exit();
