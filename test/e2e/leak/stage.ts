import type { Pinged } from "../../support/pings.ts";
import { addChain, type Conflist } from "../../support/chain.ts";
import { captureWires } from "../support/capture-wires.ts";
import { keepPinging, type Pinging } from "../support/ping.ts";
import { crosslinkPlugin, type Pod, pod, ptpConflist } from "../support/pod.ts";
import {
  type Node,
  type Topology,
  topology,
  writeClusters,
  writeKeyring,
} from "../support/topology.ts";

/** A node and a pod on it. */
export interface Side {
  readonly node: Node;
  readonly pod: Pod;
}

/** Two nodes of two clusters, each with a pod that ptp has connected, and that crosslink has not seen yet. */
export interface Stage extends Disposable {
  readonly world: Topology;
  readonly sides: readonly [Side, Side];
}

/** What happened on the wires, and to the pings. */
export interface Seen {
  /** When packets for pods of other clusters passed a wire outside of ESP, in seconds since 1970. */
  readonly clear: readonly number[];
  /** The first of them. */
  readonly shown: string;
  /** How many ESP packets passed. */
  readonly esp: number;
  readonly pings: readonly Pinged[];
}

const plans = [
  {
    cluster: "cluster1",
    name: "one",
    privateIp: "172.17.0.2",
    elasticIp: "203.0.113.1",
    podCidr: "10.0.0.0/24",
  },
  {
    cluster: "cluster2",
    name: "two",
    privateIp: "172.18.0.2",
    elasticIp: "203.0.113.2",
    podCidr: "10.0.1.0/24",
  },
] as const;

/**
 * Packets for a pod of another cluster, whoever they say they are from; 10.0.2.0/24 is a third cluster's. So is an IPv4
 * packet that IPIP or GRE wraps, which hide nothing; a GRE device that comes up sends IPv6 of its own.
 */
export const clearText =
  "not esp and (dst net 10.0.0.0/24 or dst net 10.0.1.0/24 or dst net 10.0.2.0/24 or ip proto 4 or (ip proto 47 and ip[22:2] == 0x0800))";

/** Sets the stage. `linked`: crosslink's ADD has come, too. */
export async function openStage({
  linked,
}: {
  linked: boolean;
}): Promise<Stage> {
  const world = topology(plans);
  const stack = new DisposableStack();
  stack.use(world);
  writeClusters(world.nodes);
  writeKeyring(world.nodes);
  const [one, two] = world.nodes.map((node) => ({
    node,
    pod: stack.use(pod(node, world, linked ? undefined : baseOnly(node))),
  }));
  if (one === undefined || two === undefined)
    throw new Error("The stage needs two nodes");
  for (const side of [one, two]) await side.pod.add();
  return {
    world,
    sides: [one, two],
    [Symbol.dispose]: () => {
      stack.dispose();
    },
  };
}

function baseOnly(node: Node): Conflist {
  const conflist = ptpConflist(node);
  return { ...conflist, plugins: conflist.plugins.slice(0, 1) };
}

/** crosslink's ADD alone, for a pod that is connected: as for the first pod of a node, or after a reboot. */
export async function addCrosslink({ node, pod }: Side): Promise<void> {
  const conflist = { ...pod.call.conflist, plugins: [crosslinkPlugin(node)] };
  await addChain({ ...pod.call, conflist, precedingResult: pod.result() });
}

/** How many pings go out before something is done, and after it: more than those whose answers may be on their way, so that a loss that lasts is seen. */
const BEFORE = 10;
const AFTERWARDS = 25;

/** Records both wires while both pods ping each other and `act`, if there is one, runs. */
export async function underPing(
  { world, sides: [one, two] }: Pick<Stage, "world" | "sides">,
  act: () => Promise<unknown> = () => Promise.resolve(),
): Promise<Seen> {
  const recorder = await captureWires(world);
  const pinging = [await keptUp(one, two), await keptUp(two, one)];
  await act();
  await Promise.all(pinging.map((ping) => ping.more(AFTERWARDS)));
  const pings = await Promise.all(pinging.map((ping) => ping.stop()));
  using wires = await recorder.stop();
  return {
    clear: wires.times(clearText),
    shown: wires.show(clearText, 3),
    esp: wires.count("esp"),
    pings,
  };
}

/**
 * Pings that have gone out for a while. One side begins after the other: where the first ESP packets of two nodes cross,
 * each node's conntrack may make an entry for either way at once, and drops the packet that comes second (insert_failed).
 */
async function keptUp(
  { pod: from }: Side,
  { pod: to }: Side,
): Promise<Pinging> {
  const pinging = keepPinging(from.namespace, to.address());
  await pinging.more(BEFORE);
  return pinging;
}

/** Whether every ping was answered, but for the last ones, whose answers may have been on their way when it was stopped. */
export function withoutLoss({ pings }: Seen): boolean {
  return pings.every(({ received, lost }) => received > 0 && lost.length === 0);
}

/** Whether answers came, both ways. */
export function answered({ pings }: Seen): boolean {
  return pings.every(({ received }) => received > 0);
}
