import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { until } from "../support/until.ts";
import type { Cluster } from "./cluster.ts";
import {
  accountConfig,
  adminConfig,
  asAccount,
  installMesh,
  running,
  type Staying,
  staying,
} from "./control-plane/mesh.ts";
import { CNI_BIN } from "./crosslink.ts";
import type { Node } from "./node/node.ts";

/** As much of a cluster as its mesh needs. */
export type Meshed = Pick<Cluster, "name" | "pods" | "plane" | "nodes">;

const FOLDER = "/etc/crosslink";

/** Takes from nodes what was written by hand: a name that a file of somebody's has is refused to Kubernetes. */
export async function takeFiles({ nodes }: Meshed): Promise<void> {
  const script = 'rm -f "$0"/clusters.d/*.json "$0"/keyring.json';
  for (const { run } of nodes) await run(["bash", "-c", script, FOLDER]);
}

/**
 * Has a cluster's API server write its nodes' files. No registry has an image: programs on this machine and on the nodes do
 * what pods would, with the rights of their service accounts.
 *
 * @returns the publisher
 */
export async function startMesh(cluster: Meshed): Promise<Staying> {
  const { name, plane, nodes } = cluster;
  await installMesh(plane, ["DaemonSet", "Deployment"]);
  const config = await accountConfig(plane, "crosslink-publisher");
  const publisher = staying("publish", "--name", name, "--kubeconfig", config);
  await Promise.all(nodes.map((node) => startAgent(node, cluster)));
  return publisher;
}

async function startAgent(node: Node, { plane }: Meshed): Promise<void> {
  const path = `/nodes/${node.name}/agent.kubeconfig`;
  const account = "crosslink-agent";
  const config = await asAccount(plane, plane.guestKubeconfig, { account });
  await node.write(path, config, "0600");
  const words = ["agent", "--kubernetes", "--kubeconfig", path];
  await node.start({
    name: "agent",
    command: [`${CNI_BIN}/crosslink`, ...words],
    environment: { NODE_NAME: node.name },
  });
}

/** By the words that both admins type, each with the own kubeconfig. */
export async function inviteAndJoin({
  inviter,
  joiner,
}: Readonly<Record<"inviter" | "joiner", Meshed>>): Promise<void> {
  const cidrs = ["--cluster-pod-cidrs", joiner.pods];
  const file = join(inviter.plane.folder, `invitation-${joiner.name}.json`);
  rmSync(file, { force: true });
  await typed(inviter, "invite", joiner.name, ...cidrs, ...serverOf(inviter));
  await typed(joiner, "join", file, ...cidrs, ...serverOf(joiner));
}

/** On one side. */
export function leave(cluster: Meshed, peer: Meshed): Promise<void> {
  return typed(cluster, "leave", peer.name);
}

/** By the name that publishers have for this machine's loopback. */
function serverOf({ plane }: Meshed): string[] {
  return ["--server", `https://kubernetes:${plane.port}`];
}

async function typed({ plane }: Meshed, ...words: string[]): Promise<void> {
  const config = ["--kubeconfig", adminConfig(plane)];
  const { code, said } = await running(plane.folder, ...words, ...config);
  expect(code, said).toBe(0);
}

/** Waits until a cluster's nodes have files of themselves and of these peers, each with a keyring, and no others. */
export async function haveFiles(
  { name, nodes }: Meshed,
  peers: readonly Meshed[],
): Promise<void> {
  const wanted = [
    ...[name, ...peers.map((peer) => peer.name)].map(
      (each) => `clusters.d/${each}.json`,
    ),
    ...peers.map((peer) => `keyrings.d/${peer.name}.json`),
  ].sort();
  for (const node of nodes)
    await becomesOn(
      node,
      ["bash", "-c", LIST, FOLDER],
      (text) => text.trim() === wanted.join("\n"),
    );
}

const LIST = 'cd "$0"; ls -d clusters.d/*.json keyrings.d/*.json 2>/dev/null';

/** Waits until what a command prints on a node is as wanted; says of a failure what its agent has logged last. */
export async function becomesOn(
  node: Node,
  command: readonly string[],
  isWanted: (text: string) => boolean,
): Promise<void> {
  let text = "";
  const holds = async () => {
    text = (await node.try(command)).stdout;
    return isWanted(text);
  };
  await until(holds, { limitSeconds: 120, pauseMs: 500 }).catch(
    async (error: unknown) => {
      const log = await node.run([
        "tail",
        "-5",
        `/nodes/${node.name}/log/agent`,
      ]);
      throw new Error(
        `"${command.join(" ")}" on ${node.name} says:\n${text}\nIts agent: ${log}`,
        { cause: error },
      );
    },
  );
}
