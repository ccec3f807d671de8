/**
 * What tunnels by IKE cost, where ESP is, all in one run: the first packet beside a charon that was set up by hand, throughput
 * beside derived keys, and what many rekeyings under ping lose.
 *
 *   node test/bench/ike.ts FIRST_PACKETS ROUNDS REKEYINGS
 */
import { setTimeout as sleep } from "node:timers/promises";
import {
  bothUp,
  connectionOn,
  rekeyByEach,
  spisOf,
  startAgents,
  swanctl,
  untakenBy,
  writeKeying,
} from "../e2e/ike/stage.ts";
import { openStage, type Stage, underPing } from "../e2e/leak/stage.ts";
import { mustRunIn } from "../e2e/support/command.ts";
import { type Node, writeClusters } from "../e2e/support/topology.ts";
import { SLOWLY } from "../e2e/agent/nodes.ts";
import { until } from "../support/until.ts";
import { startByHand } from "./charon-by-hand.ts";
import { openFlow } from "./flow.ts";
import { announce, printFigures } from "./output.ts";
import { type Summary, summarize } from "./statistics.ts";

/** Milliseconds, and megabits a second. */
export interface IkeFigures {
  readonly firstPacket: Readonly<Record<string, Summary>>;
  readonly throughput: Readonly<Record<string, Summary>>;
  readonly rekeyings: {
    readonly count: number;
    readonly pings: number;
    readonly lost: number;
    /** By keys that the other end did not have. */
    readonly untaken: number;
    readonly clearText: number;
  };
}

/** A pair of nodes whose tunnel is taken down, and then comes up with a packet. */
interface Pair {
  readonly name: string;
  readonly stage: Stage;
}

const BYTES = 4_000_000;
const SENDS = 4;
const PAUSE_SECONDS = 0.01;

if (import.meta.main) {
  const [packets = "10", rounds = "3", rekeyings = "100"] =
    process.argv.slice(2);
  printFigures(
    await measure(Number(packets), Number(rounds), Number(rekeyings)),
  );
}

async function measure(
  packets: number,
  rounds: number,
  rekeyings: number,
): Promise<IkeFigures> {
  await using stack = new AsyncDisposableStack();
  const byIke = await openPair(stack, "ike", "ike");
  await underPing(byIke.stage, () => bothUp(byIke.stage.world.nodes));
  return {
    ...(await compare(byIke, packets, rounds)),
    rekeyings: await rekey(byIke.stage, rekeyings),
  };
}

/** Beside others, which are gone afterwards. */
async function compare(
  byIke: Pair,
  packets: number,
  rounds: number,
): Promise<Pick<IkeFigures, "firstPacket" | "throughput">> {
  await using stack = new AsyncDisposableStack();
  const byHand = await openByHand(stack);
  const firstPacket = await firstPackets([byIke, byHand], packets);
  const derived = await openPair(stack, "derived", "derived");
  // As IKE's packets are, behind the clouds' translation.
  const inUdp = await openPair(stack, "derived, in UDP", "derived", "udp");
  const pairs = [byIke, inUdp, derived];
  return { firstPacket, throughput: await throughputs(stack, pairs, rounds) };
}

async function openPair(
  stack: AsyncDisposableStack,
  name: string,
  keying: "derived" | "ike",
  encap: "esp" | "udp" = "esp",
): Promise<Pair> {
  announce(`set up: ${name}`);
  const stage = stack.use(await openStage({ linked: false }));
  writeClusters(stage.world.nodes, () => ({ keying, encap }));
  for (const agent of await startAgents(stage)) stack.defer(agent.stop);
  return { name, stage };
}

/** Both ends have what `crosslink routes` prints for a router, and policies of charon's own. */
async function openByHand(stack: AsyncDisposableStack): Promise<Pair> {
  announce("set up: by hand");
  const stage = stack.use(await openStage({ linked: false }));
  writeKeying(stage.world.nodes, "ike");
  for (const node of stage.world.nodes) stack.use(await startByHand(node));
  return { name: "by hand", stage };
}

/** In turns, so that whatever grows or fades with time touches all alike. */
async function firstPackets(
  pairs: readonly Pair[],
  count: number,
): Promise<Record<string, Summary>> {
  const times = pairs.map((): number[] => []);
  for (let round = 1; round <= count; round += 1) {
    announce(`first packet, ${String(round)} of ${String(count)}`);
    for (const [i, pair] of pairs.entries())
      times[i]?.push(await firstPacket(pair));
  }
  return Object.fromEntries(
    pairs.map(({ name }, i) => [name, summarize(times[i] ?? [])]),
  );
}

/** Milliseconds from the first ping that goes out to the first answer that comes. */
async function firstPacket({ stage }: Pair): Promise<number> {
  const { sides, world } = stage;
  const [one] = world.nodes as [Node, Node];
  const [from, to] = sides;
  const ike = await connectionOn(one);
  await swanctl(one, "--terminate", "--ike", ike).catch(() => undefined);
  await until(
    async () =>
      (await Promise.all(world.nodes.map(spisOf))).flat().length === 0,
    SLOWLY,
  );
  await sleep(1000);
  const words = ["-nDO", "-i", String(PAUSE_SECONDS), "-w", "20", "-c", "2000"];
  const script = `exec stdbuf -oL ping ${words.join(" ")} ${to.pod.address()} | sed '/bytes from/q'`;
  const said = await mustRunIn(from.pod.namespace, "sh", "-c", script);
  const [first, ...rest] = [...said.matchAll(/^\[([\d.]+)\] (.*)$/gmu)];
  const last = rest.at(-1) ?? first;
  if (first === undefined || last?.[2]?.includes("bytes from") !== true)
    throw new Error(`No answer: ${said.slice(-500)}`);
  // The first line says, when the second ping goes out, that the first has no answer.
  return (Number(last[1]) - Number(first[1]) + PAUSE_SECONDS) * 1000;
}

async function throughputs(
  stack: AsyncDisposableStack,
  pairs: readonly Pair[],
  rounds: number,
): Promise<Record<string, Summary>> {
  const lanes = [];
  for (const { name, stage } of pairs) {
    const [from, to] = stage.sides;
    const way = {
      from: from.pod.namespace,
      to: to.pod.namespace,
      address: to.pod.address(),
    };
    const flow = stack.use(await openFlow(way));
    lanes.push({ name, flow, rates: [] as number[] });
  }
  for (const { flow } of lanes) await flow.send(BYTES);
  for (let round = 1; round <= rounds; round += 1) {
    announce(`throughput, round ${String(round)} of ${String(rounds)}`);
    for (const { flow, rates } of [...lanes, ...lanes.toReversed()])
      for (let sent = 0; sent < SENDS; sent += 1)
        rates.push((8 * BYTES) / 1e6 / (await flow.send(BYTES)));
  }
  return Object.fromEntries(
    lanes.map(({ name, rates }) => [name, summarize(rates)]),
  );
}

/** ESP's keys and IKE's own, by either end: four a round. */
async function rekey(
  stage: Stage,
  count: number,
): Promise<IkeFigures["rekeyings"]> {
  const { nodes } = stage.world;
  const before = await untakenBy(nodes);
  const rounds = Math.ceil(count / 4);
  const seen = await underPing(stage, async () => {
    for (let round = 1; round <= rounds; round += 1) {
      announce(`rekeyings, ${String(4 * round)} of ${String(4 * rounds)}`);
      await rekeyByEach(nodes);
    }
  });
  return {
    count: 4 * rounds,
    pings: seen.pings.reduce((sum, { sent }) => sum + sent, 0),
    lost: seen.pings.reduce((sum, { lost }) => sum + lost.length, 0),
    untaken: (await untakenBy(nodes)) - before,
    clearText: seen.clear.length,
  };
}
