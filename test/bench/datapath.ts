/**
 * The data path, where ESP is: with the state that crosslink sets up, and with what an admin sets up by hand; and in gateway
 * mode, to a pod on the gateway (one leg) and to one on a leaf behind it (two).
 *
 *   node test/bench/datapath.ts ROUNDS
 */
import { addCrosslink, openStage, type Stage } from "../e2e/leak/stage.ts";
import { mustRunIn } from "../e2e/support/command.ts";
import { type Node, writeKeyring } from "../e2e/support/topology.ts";
import { type Flow, openFlow, type Way } from "./flow.ts";
import { openLegs } from "./legs.ts";
import { announce, printFigures } from "./output.ts";
import { type Summary, summarize } from "./statistics.ts";

/** What packets between two pods see. */
export interface DataPath {
  readonly name: string;
  /** Milliseconds. */
  readonly roundTrip: Summary;
  /** Megabits a second, of one TCP connection. */
  readonly throughput: Summary;
}

/** The same key for both, so that the kernel has the same work. */
const SPI = 186;
const KEY = "0x7482b075e3ec7e11a20e1edc1e9a7a459ada760c";

/** Many short ones, whose median minds a busy moment less than a long one's rate. */
const BYTES = 4_000_000;
const SENDS = 4;

/** A way, and what was seen there. */
interface Lane extends Way {
  readonly flow: Flow;
  readonly trips: number[];
  readonly rates: number[];
}

if (import.meta.main) {
  const [rounds = "3"] = process.argv.slice(2);
  printFigures(await measure(Number(rounds)));
}

async function measure(rounds: number): Promise<DataPath[]> {
  using stack = new DisposableStack();
  const lanes: Lane[] = [];
  for (const way of [
    await openPair(stack, "crosslink", linkByCrosslink),
    await openPair(stack, "by hand", linkByHand),
    ...(await openLegs(stack)),
  ])
    lanes.push(await openLane(stack, way));
  // Not counted: what is slow once, such as path MTU discovery and the first compilation.
  for (const { flow } of lanes) await flow.send(BYTES);
  for (let round = 1; round <= rounds; round += 1) {
    announce(`data path, round ${round} of ${rounds}`);
    // Whatever grows or fades with time touches all alike.
    for (const lane of [...lanes, ...lanes.toReversed()]) await takeTurn(lane);
  }
  return lanes.map(({ name, trips, rates }) => ({
    name,
    roundTrip: summarize(trips),
    throughput: summarize(rates),
  }));
}

async function openPair(
  stack: DisposableStack,
  name: string,
  link: (stage: Stage) => Promise<void>,
): Promise<Way> {
  announce(`data path, set up: ${name}`);
  const stage = stack.use(await openStage({ linked: false }));
  await link(stage);
  const [{ pod: from }, { pod: to }] = stage.sides;
  return {
    name,
    from: from.namespace,
    to: to.namespace,
    address: to.address(),
  };
}

async function openLane(stack: DisposableStack, way: Way): Promise<Lane> {
  const flow = stack.use(await openFlow(way));
  return { ...way, flow, trips: [], rates: [] };
}

async function takeTurn(lane: Lane): Promise<void> {
  const { flow, trips, rates } = lane;
  trips.push(await roundTrip(lane));
  for (let sent = 0; sent < SENDS; sent += 1)
    rates.push((8 * BYTES) / 1e6 / (await flow.send(BYTES)));
}

async function linkByCrosslink({ world, sides }: Stage): Promise<void> {
  writeKeyring(world.nodes, { static: { spi: SPI, reqid: SPI, key: KEY } });
  for (const site of sides) await addCrosslink(site);
}

async function linkByHand({ sides: [one, two] }: Stage): Promise<void> {
  await shell(one.node, commands(one.node, two.node));
  await shell(two.node, commands(two.node, one.node));
}

/** Two SAs, three policies, and no SNAT between the pods. */
function commands(own: Node, far: Node): string[] {
  const sa = (from: string, to: string): string =>
    `ip xfrm state add src ${from} dst ${to} proto esp spi ${SPI} reqid ${SPI} mode tunnel aead 'rfc4106(gcm(aes))' ${KEY} 128`;
  const tunnel = (from: string, to: string): string =>
    `tmpl src ${from} dst ${to} proto esp reqid ${SPI} mode tunnel`;
  const inward = `src ${far.podCidr} dst ${own.podCidr}`;
  const outward = `src ${own.podCidr} dst ${far.podCidr}`;
  const arriving = tunnel(far.elasticIp, own.privateIp);
  return [
    sa(own.privateIp, far.elasticIp),
    sa(far.elasticIp, own.privateIp),
    `ip xfrm policy add ${outward} dir out ${tunnel(own.privateIp, far.elasticIp)}`,
    `ip xfrm policy add ${inward} dir in ${arriving}`,
    `ip xfrm policy add ${inward} dir fwd ${arriving}`,
    `iptables-legacy -t nat -I POSTROUTING -s ${own.podCidr} -d ${far.podCidr} -j RETURN`,
  ];
}

async function shell({ namespace }: Node, script: readonly string[]) {
  await mustRunIn(namespace, "bash", "--norc", "-ec", script.join("\n"));
}

/** The mean of many, in milliseconds. */
async function roundTrip({ from, address }: Way): Promise<number> {
  const words = ["-q", "-n", "-c", "200", "-i", "0.005", address];
  const said = await mustRunIn(from, "ping", ...words);
  const [, mean] = /= [\d.]+\/([\d.]+)\//.exec(said) ?? [];
  if (mean === undefined || !said.includes(" 0% packet loss"))
    throw new Error(`Cannot measure a round trip: ${said}`);
  return Number(mean);
}
