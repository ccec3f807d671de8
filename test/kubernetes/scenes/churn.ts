import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { until } from "../../support/until.ts";
import type { Cluster } from "../cluster.ts";
import { podManifest } from "../control-plane/manifests.ts";
import {
  clusterFile,
  removeClusterFile,
  writeClusterFile,
} from "../crosslink.ts";
import type { Node } from "../node/node.ts";
import { tracesOn } from "../node/state.ts";
import { officeFile } from "../office.ts";
import type { World } from "../world.ts";
import { failedSandboxes } from "./expect.ts";

/**
 * How many pods come and go at the same time, in both clusters together, and for how long: `CHURN=50,300` plays the long version, which
 * wants two processors for itself, since containerd gives up a sandbox that it could not stop within its deadline.
 */
const [PODS = 30, SECONDS = 40] = (process.env["CHURN"] ?? "30,40")
  .split(",")
  .map(Number);

/** Pods that come and go while bases look after their rules and cluster files change. */
export function churn(theWorld: () => World): void {
  describe(`${PODS} pods that come and go for ${SECONDS} s while bases resync and files change`, () => {
    it("are all made, and leave nothing", async () => {
      const { east, west } = theWorld();
      const clusters = [east, west];
      const nodes = clusters.flatMap((cluster) => cluster.nodes);
      await Promise.all(clusters.map(settle));
      const before = await Promise.all(nodes.map(tracesOn));
      const said = await Promise.all(nodes.map(runtimeFailures));
      const end = Date.now() + SECONDS * 1000;
      const [rounds, changes] = await Promise.all([
        Promise.all(clusters.map((cluster) => comeAndGo(cluster, end))),
        changeFiles(clusters, end),
      ]);
      for (const count of rounds) expect(count).toBeGreaterThan(0);
      expect(changes).toBeGreaterThan(10);
      for (const cluster of clusters)
        expect(
          await failedSandboxes(cluster, (pod) => pod.startsWith("churn-")),
        ).toEqual([]);
      await Promise.all(clusters.map(settle));
      for (const [index, node] of nodes.entries()) {
        expect(await runtimeFailures(node)).toBe(said[index]);
        await until(async () => (await tracesOn(node)) === before[index], {
          limitSeconds: 60,
          pauseMs: 1000,
        }).catch(() => undefined);
        expect(await tracesOn(node), node.name).toBe(before[index]);
      }
    });
  });
}

/** Without an agent, the node follows its files with the next pod's ADD. */
async function settle({ pod, remove, nodes }: Cluster): Promise<void> {
  const settling = nodes.map(async ({ name: node }) => {
    const { name } = await pod({ name: `settling-${node}`, node });
    await remove(name);
  });
  await Promise.all(settling);
}

/** Makes a cluster's half of the pods and deletes them, over and over; how many times. */
async function comeAndGo(cluster: Cluster, end: number): Promise<number> {
  const { apply, kubectl } = cluster;
  const names = Array.from({ length: PODS / 2 }, (_, at) => `churn-${at}`);
  const manifests = names.map((name) => podManifest({ name }));
  const limit = "--timeout=600s";
  let rounds = 0;
  for (; Date.now() < end; rounds += 1) {
    await apply(...manifests);
    const pods = names.map((name) => `pod/${name}`);
    await kubectl.run("wait", "--for=condition=Ready", limit, ...pods);
    await kubectl.run("delete", "--wait=true", limit, ...pods);
  }
  return rounds;
}

/**
 * Rewrites the files of all nodes, with a node of the office's that comes and goes, and a plain network that does; how
 * many times. In the end they are as they were.
 */
async function changeFiles(
  clusters: readonly Cluster[],
  end: number,
): Promise<number> {
  const own = await Promise.all(clusters.map(clusterFile));
  const write = (act: (node: Node, index: number) => Promise<void>) =>
    Promise.all(
      clusters.flatMap(({ nodes }, index) =>
        nodes.map((node) => act(node, index)),
      ),
    );
  let changes = 0;
  for (; Date.now() < end; changes += 1) {
    await write(async (node, index) => {
      await writeClusterFile(node, withMore(officeFile()));
      await writeClusterFile(node, BRANCH);
      await writeClusterFile(node, own[index]!);
    });
    await sleep(500);
    await write(async (node) => {
      await writeClusterFile(node, officeFile());
      await removeClusterFile(node, BRANCH);
    });
    await sleep(500);
  }
  return changes;
}

/** Another plain network, which nothing is sent to. */
const BRANCH = {
  name: "branch",
  encryption: "none",
  podCIDRs: ["192.168.60.0/24"],
  nodes: [{ name: "branch-router", ips: ["203.0.113.60"] }],
};

function withMore(file: ReturnType<typeof officeFile>) {
  const second = { name: "office-router-2", ips: ["203.0.113.51"] };
  return { ...file, nodes: [...file.nodes, second] };
}

/** What containerd has said of sandboxes that it could not make or take away. */
async function runtimeFailures(node: Node): Promise<string> {
  const failed = 'grep -E "(Run|Stop)PodSandbox.*failed" "$0" || true';
  const log = `/nodes/${node.name}/log/containerd`;
  return node.run(["bash", "-c", failed, log]);
}
