/**
 * Measures on the kernel that it runs on, and prints one JSON object.
 *
 *   node test/bench/measure.ts ROUNDS esp|none
 */
import { type Namespace, namespace } from "../support/namespace.ts";
import { type Node, topology } from "../e2e/support/topology.ts";
import {
  basePlugin,
  type Contestant,
  crosslink,
  peers,
} from "./contestants.ts";
import { localPlan, type Mesh, writeMesh } from "./mesh.ts";
import { type Summary, summarize } from "./statistics.ts";
import { type Ran, startWorker, type Worker } from "./worker.ts";

/** What can be asked of a plugin here; "first ADD": on a node without any state of crosslink's. */
export const columns = ["VERSION", "first ADD", "ADD", "CHECK", "DEL"] as const;
export type Column = (typeof columns)[number];

/** One row of the table. */
export interface Row {
  readonly name: string;
  readonly columns: Partial<Record<Column, Summary>>;
}

const sizes = [1, 10, 100, 1000];

/** A contestant on its node. */
interface Lane {
  readonly contestant: Contestant;
  readonly base: Contestant;
  readonly worker: Worker;
  readonly path: string;
  readonly samples: Map<Column, number[]>;
}

if (import.meta.main) {
  const [rounds = "11", encryption = "esp"] = process.argv.slice(2);
  const rows = await measure(Number(rounds), encryption as Mesh["encryption"]);
  console.log(JSON.stringify(rows));
}

/** All contestants take turns, round by round, so that whatever disturbs the machine disturbs all of them. */
async function measure(
  rounds: number,
  encryption: Mesh["encryption"],
): Promise<Row[]> {
  await using stack = new AsyncDisposableStack();
  const lanes: Lane[] = [];
  const addLane = (contestant: (node: Node) => Contestant): Node => {
    const world = stack.use(topology([localPlan]));
    const [node] = world.nodes;
    if (node === undefined) throw new Error("The topology has no node");
    const worker = stack.use(startWorker(node.namespace.name));
    const base = basePlugin(node);
    lanes.push({
      contestant: contestant(node),
      base,
      worker,
      path: world.path,
      samples: new Map(),
    });
    return node;
  };
  addLane((node) => basePlugin(node));
  for (const peer of peers) addLane(() => peer);
  for (const remoteCidrs of sizes)
    writeMesh(
      addLane((node) => crosslink(node, remoteCidrs)),
      { remoteCidrs, encryption },
    );
  // The first round warms the page cache, and makes the state of the nodes: "first ADD" comes from it alone.
  for (let round = 0; round <= rounds; round += 1)
    for (const lane of lanes) await takeTurn(lane, round);
  return lanes.map(({ contestant, samples }) => ({
    name: contestant.name,
    columns: Object.fromEntries(
      [...samples].map(([column, values]) => [column, summarize(values)]),
    ),
  }));
}

/** One pod's life: the base plugin, then the contestant, each command measured. */
async function takeTurn(lane: Lane, round: number): Promise<void> {
  using pod = namespace();
  const { base, contestant } = lane;
  const call = (plugin: Contestant, command: string, prevResult?: unknown) =>
    runPlugin(lane, plugin, { command, prevResult, pod });
  const record = (column: Column, { milliseconds, status }: Ran): void => {
    if ((round === 0) !== (column === "first ADD") || status !== 0) return;
    lane.samples.set(column, [
      ...(lane.samples.get(column) ?? []),
      milliseconds,
    ]);
  };
  record("VERSION", await call(contestant, "VERSION"));
  const wired = await call(base, "ADD");
  const result: unknown = JSON.parse(wired.stdout);
  if (!contestant.chained) {
    record("ADD", wired);
    record("CHECK", await call(base, "CHECK", result));
    record("DEL", await call(base, "DEL", result));
    return;
  }
  const added = await call(contestant, "ADD", result);
  record(round === 0 && contestant.makesNodeState ? "first ADD" : "ADD", added);
  record("CHECK", await call(contestant, "CHECK", JSON.parse(added.stdout)));
  record("DEL", await call(contestant, "DEL", result));
  await call(base, "DEL", result);
}

async function runPlugin(
  { worker, path }: Lane,
  { name, program, plugin }: Contestant,
  {
    command,
    prevResult,
    pod,
  }: { command: string; prevResult: unknown; pod: Namespace },
): Promise<Ran> {
  const ran = await worker.run({
    program,
    environment: {
      PATH: path,
      CNI_COMMAND: command,
      CNI_CONTAINERID: pod.name,
      CNI_NETNS: pod.path,
      CNI_IFNAME: "eth0",
      CNI_PATH: "/usr/lib/cni",
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
    `Cannot measure ${command} of ${name}: exit code ${ran.status}: ${ran.stdout}`,
  );
}
