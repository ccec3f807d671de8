/**
 * The data path, where ESP is: with the state that crosslink sets up, and with what an admin sets up by hand; prints one
 * JSON object.
 *
 *   node test/bench/datapath.ts ROUNDS
 */
import { addCrosslink, openStage, type Stage } from "../e2e/leak/stage.ts";
import { mustRunIn } from "../e2e/support/command.ts";
import { type Node, writeKeyring } from "../e2e/support/topology.ts";
import { transfer } from "../e2e/support/transfer.ts";
import { printFigures } from "./output.ts";
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

const BYTES = 20_000_000;

if (import.meta.main) {
  const [rounds = "3"] = process.argv.slice(2);
  printFigures(await measure(Number(rounds)));
}

async function measure(rounds: number): Promise<DataPath[]> {
  using ours = await openStage({ linked: false });
  using byHand = await openStage({ linked: false });
  await linkByCrosslink(ours);
  await linkByHand(byHand);
  const lanes = [
    {
      name: "crosslink",
      stage: ours,
      trips: [] as number[],
      rates: [] as number[],
    },
    {
      name: "by hand",
      stage: byHand,
      trips: [] as number[],
      rates: [] as number[],
    },
  ];
  for (let round = 0; round < rounds; round += 1)
    for (const { stage, trips, rates } of lanes) {
      trips.push(await roundTrip(stage));
      rates.push(await throughput(stage));
    }
  return lanes.map(({ name, trips, rates }) => ({
    name,
    roundTrip: summarize(trips),
    throughput: summarize(rates),
  }));
}

async function linkByCrosslink({ world, sites }: Stage): Promise<void> {
  writeKeyring(world.nodes, { static: { spi: SPI, reqid: SPI, key: KEY } });
  for (const site of sites) await addCrosslink(site);
}

async function linkByHand({ sites: [one, two] }: Stage): Promise<void> {
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
async function roundTrip({ sites: [one, two] }: Stage): Promise<number> {
  const words = ["-q", "-n", "-c", "200", "-i", "0.005", two.pod.address()];
  const said = await mustRunIn(one.pod.namespace, "ping", ...words);
  const [, mean] = /= [\d.]+\/([\d.]+)\//.exec(said) ?? [];
  if (mean === undefined || !said.includes(" 0% packet loss"))
    throw new Error(`Cannot measure a round trip: ${said}`);
  return Number(mean);
}

async function throughput({ sites: [one, two] }: Stage): Promise<number> {
  const { intact, bytes, seconds } = await transfer(
    one.pod.namespace,
    two.pod.namespace,
    { address: two.pod.address(), bytes: BYTES },
  );
  if (!intact) throw new Error("Cannot measure: not every byte arrived");
  return (8 * bytes) / 1e6 / seconds;
}
