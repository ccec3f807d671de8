import { join } from "node:path";
import { until } from "../support/until.ts";
import {
  type ControlPlane,
  controlPlane,
} from "./control-plane/control-plane.ts";
import type { ControlPlaneOfATest } from "./control-plane/for-a-test.ts";
import type { Kubectl } from "./control-plane/kubectl.ts";
import type { Manifest } from "./control-plane/kubectl.ts";
import { podManifest, type PodWords } from "./control-plane/manifests.ts";
import type { Stage } from "./stage/stage.ts";
import type { Base } from "./node/base.ts";
import { kubeconfigOf, startContainerd, startKubelet } from "./node/kubelet.ts";
import { type Node, startNode } from "./node/node.ts";
import { type Pod, podOf } from "./pod.ts";
import type { ProgramFolders } from "./programs/build.ts";

/** A Kubernetes cluster: its control plane on the host, its nodes in the guest. */
export interface Cluster extends AsyncDisposable {
  readonly name: string;
  /** The pods' CIDR. */
  readonly pods: string;
  /** The services' CIDR. */
  readonly services: string;
  readonly base: Base;
  readonly plane: ControlPlaneOfATest;
  readonly kubectl: Kubectl;
  readonly nodes: readonly Node[];
  readonly apply: (...manifests: readonly Manifest[]) => Promise<void>;
  /** Applies a pod, and waits until it runs. */
  readonly pod: (words: PodWords) => Promise<Pod>;
  /** Waits until a pod that was applied runs. */
  readonly running: (name: string, limitSeconds?: number) => Promise<Pod>;
  /** Deletes a pod, and waits until it has gone. */
  readonly remove: (name: string) => Promise<void>;
}

/** What distinguishes one cluster from another. */
export interface ClusterOptions {
  readonly base: Base;
  /** CIDRs. */
  readonly pods: string;
  readonly services: string;
  /** Addresses of the nodes NAME-1, NAME-2, …, on the internet. */
  readonly addresses: readonly string[];
  /** The nodes that have containerd 2 in place of Debian's. */
  readonly containerd2?: readonly string[];
}

/** What all clusters share. */
export interface Ground {
  readonly stage: Stage;
  readonly programs: ProgramFolders;
  /** Archives. */
  readonly images: readonly string[];
  /** For files and logs. */
  readonly folder: string;
}

/** Makes a cluster, with nodes that have registered and whose base has started; they have no conflist yet. */
export async function cluster(
  ground: Ground,
  name: string,
  options: ClusterOptions,
): Promise<Cluster> {
  const { base, addresses, pods, services } = options;
  const folder = join(ground.folder, name);
  await using stack = new AsyncDisposableStack();
  const plane = stack.use(
    await controlPlane({
      folder,
      programs: ground.programs,
      pods,
      services,
    }),
  );
  const { kubectl } = plane;
  await ground.stage.open(plane.port);
  await base.prepare(kubectl);
  const nodes = await Promise.all(
    addresses.map((address, index) =>
      bootNode(ground, {
        ...options,
        plane,
        name: `${name}-${index + 1}`,
        address,
      }),
    ),
  );
  const running: Cluster["running"] = (pod, limitSeconds = 900) =>
    podRunning({ kubectl, nodes }, pod, limitSeconds);
  const apply: Cluster["apply"] = (...manifests) => kubectl.apply(manifests);
  const whole = stack.move();
  return {
    ...{ name, pods, services, base, kubectl, nodes, apply, running },
    plane: { ...plane, folder },
    pod: async (words) => {
      await apply(podManifest(words));
      return running(words.name);
    },
    remove: async (pod) => {
      await kubectl.run("delete", "pod", pod, "--wait=true", "--timeout=900s");
    },
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

/** Makes a pod on each of a cluster's nodes. */
export function podOnEachNode(cluster: Cluster): Promise<Pod[]> {
  return Promise.all(
    cluster.nodes.map(({ name }) =>
      cluster.pod({ name: `box-${name}`, node: name }),
    ),
  );
}

interface NodeWords extends ClusterOptions {
  readonly plane: ControlPlane;
  readonly name: string;
  readonly address: string;
}

async function bootNode(
  { stage, programs, images }: Ground,
  words: NodeWords,
): Promise<Node> {
  const { name, address, base, plane, containerd2 = [] } = words;
  const sources = ["kubernetes", "cri-tools"];
  // All of it or nothing: Debian's does not work with the newer shim.
  if (containerd2.includes(name)) sources.push("containerd2");
  const path = sources.map((source) => programs.get(source) ?? "");
  const node = await startNode(stage, { name, address, path });
  await node.write(kubeconfigOf(node), plane.guestKubeconfig, "0600");
  await startContainerd(node, images);
  await startKubelet(node);
  await until(
    async () =>
      (await plane.kubectl.run("get", "nodes", "-o", "name")).includes(
        `node/${name}\n`,
      ),
    {
      limitSeconds: 900,
      pauseMs: 1000,
      describe: () => `kubelet of ${name} does not register`,
    },
  );
  await base.start(node, plane.kubectl);
  return node;
}

async function podRunning(
  { kubectl, nodes }: Pick<Cluster, "kubectl" | "nodes">,
  name: string,
  limitSeconds: number,
): Promise<Pod> {
  let seen: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- what kubectl prints
  const isRunning = async () => {
    seen = await kubectl.get("pod", name);
    return (
      seen.status.phase === "Running" &&
      seen.status.containerStatuses?.[0]?.state?.running !== undefined
    );
  };
  await until(isRunning, { limitSeconds, pauseMs: 1000 }).catch(
    async (error: unknown) => {
      const why = await kubectl.run("describe", "pod", name);
      throw new Error(`Cannot start pod ${name}:\n${why}`, { cause: error });
    },
  );
  const node = nodes.find((each) => each.name === seen.spec.nodeName);
  if (node === undefined) throw new Error(`Pod ${name} is on no node of ours`);
  const [, id = ""] = String(
    seen.status.containerStatuses[0].containerID,
  ).split("//");
  return podOf({ name, node, id, address: String(seen.status.podIP) });
}
