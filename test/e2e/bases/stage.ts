import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mustRunIn } from "../support/command.ts";
import { type Pod, pod } from "../support/pod.ts";
import {
  clusterFile,
  type Node,
  type Topology,
  topology,
  writeClusters,
  writeKeyring,
} from "../support/topology.ts";
import { type Base, planFor } from "./base.ts";

/** A base's node, and pods that nobody has connected yet: the first, and its neighbours. */
export interface Side {
  readonly base: Base;
  readonly node: Node;
  readonly pods: readonly [Pod, ...Pod[]];
}

/** A cluster a base, of one node each, linked with all the others. */
export interface Stage extends Disposable {
  readonly world: Topology;
  readonly sides: readonly Side[];
}

/** Makes the nodes and what the bases' own agents do on them; no pod is connected. */
export async function openStage(
  bases: readonly Base[],
  { neighbours }: { readonly neighbours: number },
): Promise<Stage> {
  const stack = new DisposableStack();
  const world = stack.use(topology(bases.map(planFor)));
  writeClusters(world.nodes);
  for (const base of bases) hideBehindGlobal(base, world.nodes);
  writeKeyring(world.nodes);
  const sides = bases.map((base, index): Side => {
    const node = world.nodes[index];
    if (node === undefined) throw new Error(`${base.name} has no node`);
    leaveToDiscovery(base, node);
    const plugins = writeReplay(base, node);
    const made = (): Pod =>
      stack.use(pod(node, world, base.conflist(node), plugins));
    const others = Array.from({ length: neighbours }, made);
    return { base, node, pods: [made(), ...others] };
  });
  const stage = {
    world,
    sides,
    [Symbol.dispose]: () => {
      stack.dispose();
    },
  };
  for (const side of sides) {
    const { prepare, machineFolder } = side.base;
    if (machineFolder !== undefined) stack.use(ownFolder(machineFolder));
    if (prepare !== undefined) await runOnNode(stage, side, prepare);
  }
  return stage;
}

/** Where the scene runs on this machine's own kernel, its files are this machine's, too. */
function ownFolder(path: string): Disposable {
  mkdirSync(path); // which fails where it is somebody else's
  return {
    [Symbol.dispose]: () => {
      rmSync(path, { recursive: true });
    },
  };
}

function hideBehindGlobal(base: Base, nodes: readonly Node[]): void {
  const { name, podCidr, globalCidr } = base;
  if (globalCidr === undefined) return;
  const file = {
    ...clusterFile(name, nodes),
    globalCIDRs: { [podCidr]: globalCidr },
  };
  for (const node of nodes) node.writeCluster(name, file);
}

/** Runs a shell script on a node, with the iptables that works on this kernel. */
export function runOnNode(
  { world }: Pick<Stage, "world">,
  { node }: Side,
  script: string,
): Promise<string> {
  const shell = ["sh", "-ec", script];
  return mustRunIn(node.namespace, "env", `PATH=${world.path}`, ...shell);
}

/** The others' files give the node's pod CIDR; its own leaves it out, so that it has to look. */
function leaveToDiscovery({ discovered }: Base, node: Node): void {
  if (discovered === undefined) return;
  const { name, privateIp, elasticIp, cluster } = node;
  const own = {
    name: cluster,
    cni: discovered.cni,
    nodes: [{ name, ips: [privateIp], elasticIP: elasticIp }],
  };
  node.writeCluster(cluster, own);
}

/** Puts a plugin that is replayed where the runtime finds it. */
function writeReplay({ replay }: Base, { folder }: Node): string[] {
  if (replay === undefined) return [];
  const plugins = join(folder, "plugins");
  mkdirSync(plugins);
  const file = join(plugins, replay.type);
  writeFileSync(file, `#!/bin/sh\nexec ${replay.command(folder)}\n`);
  chmodSync(file, 0o755);
  return [plugins];
}
