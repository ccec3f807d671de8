/** Gateway mode: a pod of another cluster sends to one on the gateway, and to one on a leaf, which is two tunnels away. */
import { addPod, mustCrosslink, pings } from "../e2e/shapes/actor.ts";
import { world } from "../e2e/shapes/world.ts";
import type { Way } from "./flow.ts";
import { announce } from "./output.ts";

/** The machines of conf/examples/gateways: a node that links to the gateway, that, and a leaf on the gateway's link. */
const FROM = "edge";
const GATEWAY = "gateway-1";
const LEAF = "worker-1";

/** Sets up three machines, with a pod on each. */
export async function openLegs(stack: DisposableStack): Promise<Way[]> {
  announce("data path, set up: gateway mode");
  const scene = stack.use(world("gateways"));
  const pods = [];
  for (const name of [FROM, GATEWAY, LEAF]) {
    const machine = scene.machine(name);
    await mustCrosslink(machine, scene, "apply");
    pods.push(stack.use(await addPod(machine, scene)));
  }
  const [from, onGateway, onLeaf] = pods;
  if (from === undefined || onGateway === undefined || onLeaf === undefined)
    throw new Error("The scene lacks a pod");
  const ways = [
    { name: "crosslink, to a gateway: one leg", pod: onGateway },
    { name: "crosslink, to its leaf: two legs", pod: onLeaf },
  ].map(({ name, pod }) => ({
    name,
    from: from.namespace,
    to: pod.namespace,
    address: pod.addresses[0] ?? "",
  }));
  for (const { name, address } of ways)
    if (!(await pings(from.namespace, address)))
      throw new Error(`Cannot measure "${name}": no answer from ${address}`);
  return ways;
}
