import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ControlPlane,
  controlPlane,
} from "./control-plane/control-plane.ts";
import type { Kubectl } from "./control-plane/kubectl.ts";
import { nodeObject } from "./control-plane/mesh.ts";
import {
  CNI_BIN,
  putBasePlugins,
  putCrosslink,
  writeConflist,
  writeMesh,
} from "./crosslink.ts";
import { type Base, bridge, type Lease } from "./node/base.ts";
import { kubeconfigOf } from "./node/kubelet.ts";
import { type Node, startNode } from "./node/node.ts";
import type { Pod } from "./pod.ts";
import { buildPrograms, type ProgramFolders } from "./programs/build.ts";
import { startStage, type Stage } from "./stage/stage.ts";

/** A cluster of an API server and nodes without kubelets, which nothing makes pods of but who asks for one. */
export interface LightCluster {
  readonly name: string;
  /** CIDRs. */
  readonly pods: string;
  readonly services: string;
  readonly base: Base;
  readonly kubectl: Kubectl;
  readonly nodes: readonly Node[];
}

/** Two of them in a guest, joined by crosslink, encrypted. */
export interface LightWorld extends AsyncDisposable {
  readonly stage: Stage;
  /** Two nodes. */
  readonly east: LightCluster;
  /** One. */
  readonly west: LightCluster;
}

/** What all of it is made from. */
interface Ground {
  readonly folder: string;
  readonly programs: ProgramFolders;
  readonly stage: Stage;
}

interface Plan {
  readonly name: string;
  readonly pods: string;
  readonly services: string;
  readonly leases: ReadonlyMap<string, Lease>;
}

const EAST: Plan = {
  name: "east",
  pods: "10.10.0.0/16",
  services: "10.96.0.0/16",
  leases: new Map([
    ["east-1", { address: "203.0.113.11", pods: "10.10.0.0/24" }],
    ["east-2", { address: "203.0.113.12", pods: "10.10.1.0/24" }],
  ]),
};

const WEST: Plan = {
  name: "west",
  pods: "10.20.0.0/16",
  services: "10.97.0.0/16",
  leases: new Map([
    ["west-1", { address: "203.0.113.21", pods: "10.20.0.0/24" }],
  ]),
};

/** Starts both. @param say says what is done */
export async function startLightWorld(
  say: (sentence: string) => void,
): Promise<LightWorld> {
  const folder = mkdtempSync(join(tmpdir(), "crosslink-kubernetes-"));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => {
    rmSync(folder, { recursive: true });
  });
  const programs = buildPrograms(say);
  say("starts two API servers, and boots a guest");
  const planes = Promise.all(
    [EAST, WEST].map(async ({ name, pods, services }) => {
      const options = { folder: join(folder, name), pods, services };
      const apiOnly = { programs, apiOnly: true };
      return stack.use(await controlPlane({ ...options, ...apiOnly }));
    }),
  );
  const stage = stack.use(await startStage(folder, "guest"));
  const ground = { folder, programs, stage };
  const [one, other] = await planes;
  say("starts three nodes, and joins them by crosslink");
  const [east, west] = await Promise.all([
    lightCluster(ground, one!, EAST),
    lightCluster(ground, other!, WEST),
  ]);
  await writeMesh(ground, [east, west]);
  const whole = stack.move();
  return {
    ...{ stage, east, west },
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

async function lightCluster(
  ground: Ground,
  { kubectl, guestKubeconfig }: ControlPlane,
  { name, pods, services, leases }: Plan,
): Promise<LightCluster> {
  const base = bridge(leases);
  const path = ["kubernetes", "cnitool"].map(
    (source) => ground.programs.get(source) ?? "",
  );
  await kubectl.apply(
    [...leases].map(([node, lease]) =>
      nodeObject(node, { internal: lease.address, pods: lease.pods }),
    ),
  );
  const nodes = await Promise.all(
    [...leases].map(async ([each, { address }]) => {
      const node = await startNode(ground.stage, { name: each, address, path });
      await node.write(kubeconfigOf(node), guestKubeconfig, "0600");
      await base.start(node, kubectl);
      await putBasePlugins(node, ground);
      await putCrosslink(node);
      await writeConflist(node, { base });
      return node;
    }),
  );
  return { name, pods, services, base, kubectl, nodes };
}

/** Makes a namespace on a node, and has the node's conflist connect it. */
export async function lightPod(node: Node, name: string): Promise<Pod> {
  await node.run(["ip", "netns", "add", name]);
  const call = ["cnitool", "add", "pods", `/run/netns/${name}`];
  const environment = [`CNI_PATH=${CNI_BIN}`, "NETCONFPATH=/etc/cni/net.d"];
  const added = JSON.parse(
    await node.run(["env", ...environment, ...call]),
  ) as { ips: { address: string }[] };
  const [address = ""] = added.ips[0]?.address.split("/") ?? [];
  const network = `/run/netns/${name}`;
  const enter = ["nsenter", `--net=${network}`];
  return {
    ...{ name, node, id: name, address, network },
    run: (command, input) => node.run([...enter, ...command], input),
  };
}
