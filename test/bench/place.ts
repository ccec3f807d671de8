import { startAgent } from "../e2e/agent/nodes.ts";
import { cniEnvironment, dist } from "../support/binary.ts";
import { type Node, topology } from "../e2e/support/topology.ts";
import type { Namespace } from "../support/namespace.ts";
import {
  installLauncher,
  type Installed,
  type Program,
} from "./contestants.ts";
import { localPlan, type Mesh, writeMesh } from "./mesh.ts";
import { type Ran, startWorker, type Worker } from "./worker.ts";

/** A node of its own for each thing that is measured. */
export interface Place {
  readonly node: Node;
  /** `PATH` of the node's programs. */
  readonly path: string;
  readonly worker: Worker;
}

/** Makes a node that sees these remote CIDRs; none without a mesh. */
export function place(stack: AsyncDisposableStack, mesh?: Mesh): Place {
  const world = stack.use(topology([localPlan]));
  const [node] = world.nodes;
  if (node === undefined) throw new Error("The topology has no node");
  if (mesh !== undefined) writeMesh(node, mesh);
  const worker = stack.use(startWorker(node.namespace.name));
  return { node, path: world.path, worker };
}

/** Makes such a node with an agent, of the build in `programs`, that has set it up. */
export async function servedPlace(
  stack: AsyncDisposableStack,
  mesh: Mesh,
  programs = dist,
): Promise<Place & { readonly installed: Installed }> {
  const made = place(stack, mesh);
  const agent = await startAgent(made.node, { programs });
  stack.defer(agent.stop);
  return { ...made, installed: installLauncher(made.node, programs) };
}

/** One CNI call. */
export interface Call {
  readonly command: string;
  readonly pod: Namespace;
  readonly prevResult?: unknown;
}

/** Has the worker run a plugin as a runtime does. Throws when it fails. */
export async function runPlugin(
  { worker, path }: Pick<Place, "worker" | "path">,
  { program, plugin, environment }: Program,
  { command, pod, prevResult }: Call,
): Promise<Ran> {
  const ran = await worker.run({
    program,
    environment: {
      PATH: path,
      ...cniEnvironment(command, { containerId: pod.name, netns: pod.path }),
      ...environment,
    },
    stdin: JSON.stringify({
      cniVersion: "1.0.0",
      name: "bench",
      ...plugin,
      prevResult,
    }),
  });
  if (ran.status === 0) return ran;
  // Debian's portmap 1.1.1 looks for an IPv6 chain in CHECK that its ADD has not made: no figure then.
  if (command === "CHECK" && plugin.type === "portmap") return ran;
  throw new Error(
    `Cannot measure ${command} of ${plugin.type}: exit code ${ran.status}: ${ran.stdout}`,
  );
}
