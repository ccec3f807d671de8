/**
 * Many pods at once, chain beside chain.
 *
 *   node test/bench/storm.ts esp|none
 */
import { type Namespace, namespace } from "../support/namespace.ts";
import {
  alone,
  crosslink,
  type Program,
  ptp,
  ptpWithOurIpam,
  tuning,
} from "./contestants.ts";
import type { Mesh } from "./mesh.ts";
import { announce, printFigures } from "./output.ts";
import { type Place, place, runPlugin, servedPlace } from "./place.ts";
import { percentile } from "./statistics.ts";
import { startWorker } from "./worker.ts";

const PODS = 200;
const WORKERS = 16;
const REMOTE_CIDRS = 10;
const NOTHING = { program: "/bin/true", environment: {}, stdin: "" };

/** What came of many ADDs of one chain. */
export interface Storm {
  readonly name: string;
  readonly pods: number;
  readonly workers: number;
  readonly addsPerSecond: number;
  /** Of a whole chain's ADD, in milliseconds. */
  readonly median: number;
  readonly p99: number;
}

interface Chain extends Place {
  readonly name: string;
  readonly programs: readonly [Program, Program];
}

if (import.meta.main) {
  const [encryption = "esp"] = process.argv.slice(2);
  printFigures(await storms(encryption as Mesh["encryption"]));
}

async function storms(encryption: Mesh["encryption"]): Promise<Storm[]> {
  await using stack = new AsyncDisposableStack();
  const pods = Array.from({ length: 1 + PODS }, () => stack.use(namespace()));
  const found: Storm[] = [];
  for (const chain of await chains(stack, encryption)) {
    announce(`${PODS} pods at once: ${chain.name}`);
    found.push(await storm(chain, pods));
  }
  return found;
}

async function chains(
  stack: AsyncDisposableStack,
  encryption: Mesh["encryption"],
): Promise<Chain[]> {
  const mesh: Mesh = { remoteCidrs: REMOTE_CIDRS, encryption };
  const first = place(stack);
  const second = place(stack, mesh);
  const third = await servedPlace(stack, mesh);
  const fourth = await servedPlace(stack, mesh);
  return [
    {
      ...first,
      name: "ptp, host-local, tuning",
      programs: [ptp(first.node), tuning],
    },
    {
      ...second,
      name: "ptp, host-local, crosslink alone",
      programs: [ptp(second.node), crosslink(second.node, alone)],
    },
    {
      ...third,
      name: "ptp, host-local, crosslink with agent",
      programs: [ptp(third.node), crosslink(third.node, third.installed)],
    },
    {
      ...fourth,
      name: "ptp, crosslink-ipam, crosslink with agent",
      programs: [
        ptpWithOurIpam(fourth.node, fourth.installed),
        crosslink(fourth.node, fourth.installed),
      ],
    },
  ];
}

async function storm(chain: Chain, pods: readonly Namespace[]): Promise<Storm> {
  await using stack = new AsyncDisposableStack();
  const workers = Array.from({ length: WORKERS }, () =>
    stack.use(startWorker(chain.node.namespace.name)),
  );
  const places = workers.map((worker) => ({ ...chain, worker }));
  // Not counted: what is first read from disk, and the node's own state.
  for (const each of places) await each.worker.run(NOTHING);
  const [warm, ...counted] = pods as readonly [Namespace, ...Namespace[]];
  await live(chain, warm);
  const times: number[] = [];
  const started = performance.now();
  await share(places, counted, async (at, pod) => {
    times.push(await add(at, pod));
  });
  const seconds = (performance.now() - started) / 1000;
  await share(places, counted, remove);
  return {
    name: chain.name,
    pods: counted.length,
    workers: WORKERS,
    addsPerSecond: counted.length / seconds,
    median: percentile(times, 0.5),
    p99: percentile(times, 0.99),
  };
}

/** Each place takes the next pod when it is done with its last. */
async function share(
  places: readonly Chain[],
  pods: readonly Namespace[],
  work: (at: Chain, pod: Namespace) => Promise<void>,
): Promise<void> {
  const waiting = pods.values();
  await Promise.all(
    places.map(async (at) => {
      for (const pod of waiting) await work(at, pod);
    }),
  );
}

/** Returns how long the chain's programs ran, in milliseconds. */
async function add(at: Chain, pod: Namespace): Promise<number> {
  const [base, last] = at.programs;
  const wired = await runPlugin(at, base, { command: "ADD", pod });
  const prevResult: unknown = JSON.parse(wired.stdout);
  const added = await runPlugin(at, last, { command: "ADD", pod, prevResult });
  return wired.milliseconds + added.milliseconds;
}

async function remove(at: Chain, pod: Namespace): Promise<void> {
  for (const program of at.programs.toReversed())
    await runPlugin(at, program, { command: "DEL", pod });
}

async function live(at: Chain, pod: Namespace): Promise<void> {
  await add(at, pod);
  await remove(at, pod);
}
