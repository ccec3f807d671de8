/**
 * One node with many peers by IKE, where ESP is: how long until all tunnels are up, again after a reboot, and until all keys
 * are new; memory; and how far apart keys are renewed. The peers are one charon's, which was set up by hand.
 *
 *   node test/bench/peers.ts PEERS
 */
import { join } from "node:path";
import { readState } from "../../plugin/ike/state.ts";
import { addByAgent, startAgent } from "../e2e/agent/nodes.ts";
import { charonOf, ikeFolder, spisOf, swanctl } from "../e2e/ike/stage.ts";
import { openStage, type Side } from "../e2e/leak/stage.ts";
import { mustRunIn, runIn } from "../e2e/support/command.ts";
import { keepPinging } from "../e2e/support/ping.ts";
import {
  clusterFile,
  type Node,
  type Topology,
} from "../e2e/support/topology.ts";
import { ipBatch } from "../support/namespace.ts";
import { statusNumber } from "../support/proc-stat.ts";
import { until } from "../support/until.ts";
import { startByHand } from "./charon-by-hand.ts";
import { announce, printFigures } from "./output.ts";

/** Seconds and megabytes, of a node with so many peers. */
export interface PeersFigures {
  readonly peers: number;
  /** From the first packet to the answer of the last peer. */
  readonly up: number;
  /** The same after all that the node's kernel and agent knew has gone. */
  readonly afterReboot: number;
  readonly agentMegabytes: number;
  readonly charonMegabytes: number;
  readonly renewal: Renewal;
  /** Until all keys are new, from the first of as many orders to renew them; and what became of pings meanwhile. */
  readonly renewed: number;
  readonly pings: number;
  readonly lost: number;
}

/** When keys are to be renewed, in seconds from a look at them. */
interface Renewal {
  readonly first: number;
  readonly last: number;
  /** The most within any ten seconds. */
  readonly inTenSeconds: number;
}

/** A peer: its addresses, and one of a pod of its. */
interface Peer {
  readonly name: string;
  readonly address: string;
  readonly elasticIp: string;
  readonly podCidr: string;
  readonly pod: string;
}

/** Of so many peers, pings go to these all the time while keys are renewed. */
const PINGED = 4;
const LONG = { limitSeconds: 900, pauseMs: 1000 } as const;

if (import.meta.main) {
  const [peers = "200"] = process.argv.slice(2);
  printFigures(await measure(peersOf(Number(peers))));
}

/** As many as addresses are left in the second cloud's network. */
function peersOf(count: number): Peer[] {
  if (!(count <= 240)) throw new Error("Give at most 240 peers");
  return Array.from({ length: count }, (_, i) => ({
    name: `peer${String(i)}`,
    address: `172.18.0.${String(10 + i)}`,
    elasticIp: `203.0.113.${String(10 + i)}`,
    podCidr: `10.64.${String(i)}.0/24`,
    pod: `10.64.${String(i)}.1`,
  }));
}

async function measure(peers: readonly Peer[]): Promise<PeersFigures> {
  await using stack = new AsyncDisposableStack();
  announce(`set up: ${String(peers.length)} peers`);
  const { world, sides } = stack.use(await openStage({ linked: false }));
  const [one] = sides;
  const [node, far] = world.nodes as [Node, Node];
  writeFiles([node, far], peers);
  await addAddresses(far, peers);
  await translate(world, peers);
  stack.use(await startByHand(far));

  const first = await startAgent(node);
  await addByAgent(one, world);
  const up = await timed("all up", () => reachAll(one, peers));
  await first.kill();
  await forgetAll(node);
  const agent = await startAgent(node);
  stack.defer(agent.stop);
  await addByAgent(one, world);
  const afterReboot = await timed("after a reboot", () => reachAll(one, peers));
  await until(() => renewalsOf(node).length === peers.length, LONG);
  const renewal = spread(renewalsOf(node));
  const pinging = peers
    .slice(0, PINGED)
    .map(({ pod }) => keepPinging(one.pod.namespace, pod));
  await Promise.all(pinging.map((ping) => ping.more(20)));
  const renewed = await timed("all keys new", () => renewAll(node, peers));
  await Promise.all(pinging.map((ping) => ping.more(40)));
  const pings = await Promise.all(pinging.map((ping) => ping.stop()));
  const charon = charonOf(agent);
  return {
    peers: peers.length,
    ...{ up, afterReboot, renewal, renewed },
    agentMegabytes: residentOf(statusNumber(charon, "PPid")),
    charonMegabytes: residentOf(charon),
    pings: pings.reduce((sum, { sent }) => sum + sent, 0),
    lost: pings.reduce((sum, { lost }) => sum + lost.length, 0),
  };
}

function writeFiles(nodes: readonly Node[], peers: readonly Peer[]): void {
  const far = {
    name: "cluster2",
    podCIDRs: ["10.64.0.0/16"],
    nodes: peers.map(({ name, address, elasticIp, podCidr }) => ({
      name,
      ips: [address],
      elasticIP: elasticIp,
      podCIDRs: [podCidr],
    })),
  };
  for (const node of nodes) {
    const own = clusterFile("cluster1", nodes);
    node.writeCluster("cluster1", { ...own, keying: "ike" });
    node.writeCluster("cluster2", { ...far, keying: "ike" });
  }
}

async function addAddresses(
  { namespace }: Node,
  peers: readonly Peer[],
): Promise<void> {
  const lines = peers.flatMap(({ address, pod }) => [
    `address add ${address}/24 dev eth0`,
    `address add ${pod}/32 dev lo`,
  ]);
  await mustRunIn(namespace, "sh", "-ec", ipBatch(undefined, lines));
}

/** 1:1, as the topology's own. */
async function translate(
  { internet, path }: Topology,
  peers: readonly Peer[],
): Promise<void> {
  const rules = peers.flatMap(({ address, elasticIp }) => [
    `-A PREROUTING -d ${elasticIp} -j DNAT --to-destination ${address}`,
    `-A POSTROUTING -s ${address} -j SNAT --to-source ${elasticIp}`,
  ]);
  const table = ["*nat", ...rules, "COMMIT", ""].join("\n");
  const script = `$(command -v iptables)-restore --noflush <<'END'\n${table}END`;
  await mustRunIn(internet, "env", `PATH=${path}`, "sh", "-ec", script);
}

async function timed(what: string, act: () => Promise<void>): Promise<number> {
  announce(what);
  const began = performance.now();
  await act();
  return (performance.now() - began) / 1000;
}

/** A packet to each peer, and another where no answer came, until all have answered. */
async function reachAll({ pod }: Side, peers: readonly Peer[]): Promise<void> {
  let silent = peers.map((peer) => peer.pod);
  await until(
    async () => {
      const pings = silent.map(
        (address) =>
          `ping -nc 1 -W 2 ${address} >/dev/null || echo ${address} &`,
      );
      const script = [...pings, "wait"].join("\n");
      const { stdout } = await runIn(pod.namespace, "sh", "-c", script);
      silent = stdout.split("\n").filter((line) => line !== "");
      announce(`${String(peers.length - silent.length)} have answered`);
      return silent.length === 0;
    },
    { ...LONG, describe: () => silent.join(" ") },
  );
}

/** What a reboot leaves of it: files. */
async function forgetAll({ namespace }: Node): Promise<void> {
  for (const object of ["policy", "state"])
    await mustRunIn(namespace, "ip", "xfrm", object, "flush");
}

/** In how many seconds each tunnel's keys of ESP are renewed, as the agent has last said. */
function renewalsOf(node: Node): number[] {
  const state = readState(join(ikeFolder(node), "state.json"));
  return (state?.tunnels ?? []).flatMap(({ espRekeySeconds }) =>
    espRekeySeconds === null ? [] : [espRekeySeconds],
  );
}

function spread(seconds: readonly number[]): Renewal {
  const within = (from: number): number =>
    seconds.filter((it) => it >= from && it < from + 10).length;
  return {
    first: Math.min(...seconds),
    last: Math.max(...seconds),
    inTenSeconds: Math.max(...seconds.map(within)),
  };
}

async function renewAll(node: Node, peers: readonly Peer[]): Promise<void> {
  const before = new Set(await spisOf(node));
  const listed = await swanctl(node, "--list-conns");
  for (const [, name = ""] of listed.matchAll(/^(crosslink-[0-9a-f]+):/gmu))
    await swanctl(node, "--rekey", "--child", name);
  const fresh = async (): Promise<number> =>
    (await spisOf(node)).filter((spi) => !before.has(spi)).length;
  // One each way.
  await until(async () => (await fresh()) >= 2 * peers.length, LONG);
}

function residentOf(pid: number): number {
  return statusNumber(pid, "VmRSS") / 1024;
}
