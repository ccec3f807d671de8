/**
 * Measures single calls on the kernel that it runs on.
 *
 *   node test/bench/measure.ts ROUNDS esp|none SIZES-WITH-AGENT [DIST-OF-ANOTHER-BUILD]
 *
 * With another build's folder, both builds alone.
 */
import { dist } from "../support/binary.ts";
import { copiedBuild } from "./copied.ts";
import { namespace } from "../support/namespace.ts";
import {
  alone,
  cidrs,
  type Contestant,
  crosslink,
  peers,
  ptp,
  ptpWithOurIpam,
  tuning,
} from "./contestants.ts";
import type { Mesh } from "./mesh.ts";
import { announce, printFigures } from "./output.ts";
import { type Place, place, runPlugin, servedPlace } from "./place.ts";
import { type Summary, summarize } from "./statistics.ts";
import type { Ran } from "./worker.ts";

/** What can be asked of a plugin here; "first ADD": on a node without any state of crosslink's. */
export const columns = ["VERSION", "first ADD", "ADD", "CHECK", "DEL"] as const;
export type Column = (typeof columns)[number];

/** One row of the table. */
export interface Row {
  readonly name: string;
  readonly columns: Partial<Record<Column, Summary>>;
}

const sizesAlone = [1, 10, 100, 1000];

/** A contestant on its node. */
interface Lane extends Place {
  readonly contestant: Contestant;
  readonly samples: Map<Column, number[]>;
}

if (import.meta.main) {
  const [rounds = "11", encryption = "esp", sizes = "10", other] =
    process.argv.slice(2);
  const meshes = {
    encryption: encryption as Mesh["encryption"],
    sizes: sizes.split(",").map(Number),
  };
  const rows = await measure(Number(rounds), (stack) =>
    other === undefined
      ? allLanes(stack, meshes)
      : buildLanes(stack, meshes, { old: other, new: dist }),
  );
  printFigures(rows);
}

/** All contestants take turns, round by round, so that whatever disturbs the machine disturbs all of them. */
async function measure(
  rounds: number,
  lanesIn: (stack: AsyncDisposableStack) => Promise<readonly Lane[]>,
): Promise<Row[]> {
  await using stack = new AsyncDisposableStack();
  announce("calls, setting up nodes");
  const lanes = await lanesIn(stack);
  // The first round warms the page cache, and makes the state of the nodes: "first ADD" comes from it alone.
  for (let round = 0; round <= rounds; round += 1) {
    announce(`calls, round ${round} of ${rounds}`);
    // To and fro: who comes first in a round has it some 3 % easier, by one build beside itself.
    const turns = round % 2 === 0 ? lanes : lanes.toReversed();
    for (const lane of turns) await takeTurn(lane, round);
  }
  return lanes.map(({ contestant, samples }) => ({
    name: contestant.name,
    columns: Object.fromEntries(
      [...samples].map(([column, values]) => [column, summarize(values)]),
    ),
  }));
}

/** The meshes that crosslink is measured in. */
interface Meshes {
  readonly encryption: Mesh["encryption"];
  readonly sizes: readonly number[];
}

async function allLanes(
  stack: AsyncDisposableStack,
  meshes: Meshes,
): Promise<Lane[]> {
  return [
    ...referenceLanes(stack),
    ...aloneLanes(stack, meshes.encryption),
    ...(await servedLanes(stack, meshes)),
  ];
}

/** Builds beside each other, each on nodes of its own. */
async function buildLanes(
  stack: AsyncDisposableStack,
  { encryption, sizes }: Meshes,
  builds: Readonly<Record<string, string>>,
): Promise<Lane[]> {
  const lanes: Lane[] = [];
  const copies = Object.entries(builds).map(
    ([name, build]) => [name, copiedBuild(stack, build)] as const,
  );
  for (const remoteCidrs of sizes)
    for (const [name, folder] of copies) {
      const mesh = { remoteCidrs, encryption };
      const at = place(stack, mesh);
      const served = await servedPlace(stack, mesh, folder);
      lanes.push(
        lane(at, {
          ...crosslink(at.node, { folder, environment: {} }),
          name: `${name} build alone, ${cidrs(remoteCidrs)}`,
          base: ptp(at.node),
          makesNodeState: true,
        }),
        lane(served, {
          ...crosslink(served.node, served.installed),
          name: `${name} build with agent, ${cidrs(remoteCidrs)}`,
          base: ptp(served.node),
        }),
      );
    }
  return lanes;
}

function lane(at: Place, contestant: Contestant): Lane {
  return { ...at, contestant, samples: new Map() };
}

function referenceLanes(stack: AsyncDisposableStack): Lane[] {
  const first = place(stack);
  const last = place(stack);
  return [
    lane(first, { ...ptp(first.node), name: "ptp with host-local" }),
    ...peers.map((peer) => {
      const at = place(stack);
      return lane(at, { ...peer, name: peer.plugin.type, base: ptp(at.node) });
    }),
    lane(last, {
      ...tuning,
      name: "whole chain: ptp, host-local, tuning",
      base: ptp(last.node),
      wholeChain: true,
    }),
  ];
}

function aloneLanes(
  stack: AsyncDisposableStack,
  encryption: Mesh["encryption"],
): Lane[] {
  return sizesAlone.map((remoteCidrs) => {
    const at = place(stack, { remoteCidrs, encryption });
    return lane(at, {
      ...crosslink(at.node, alone),
      name: `crosslink alone, ${cidrs(remoteCidrs)}`,
      base: ptp(at.node),
      makesNodeState: true,
    });
  });
}

async function servedLanes(
  stack: AsyncDisposableStack,
  { encryption, sizes }: Meshes,
): Promise<Lane[]> {
  const lanes: Lane[] = [];
  for (const remoteCidrs of sizes) {
    const at = await servedPlace(stack, { remoteCidrs, encryption });
    lanes.push(
      lane(at, {
        ...crosslink(at.node, at.installed),
        name: `crosslink with agent, ${cidrs(remoteCidrs)}`,
        base: ptp(at.node),
      }),
    );
  }
  const at = await servedPlace(stack, { remoteCidrs: 10, encryption });
  const chain = lane(at, {
    ...crosslink(at.node, at.installed),
    name: "whole chain: ptp, crosslink-ipam, crosslink with agent",
    base: ptpWithOurIpam(at.node, at.installed),
    wholeChain: true,
  });
  return [...lanes, chain];
}

/** One pod's life: the base plugin, then the contestant, each command measured. */
async function takeTurn(lane: Lane, round: number): Promise<void> {
  using pod = namespace();
  const { contestant, samples } = lane;
  const { base, wholeChain = false, makesNodeState = false } = contestant;
  const call = (command: string, prevResult?: unknown) =>
    runPlugin(lane, contestant, { command, prevResult, pod });
  const callBase = async (command: string, prevResult?: unknown) =>
    base && runPlugin(lane, base, { command, prevResult, pod });
  const record = (column: Column, own: Ran, before?: Ran): void => {
    if ((round === 0) !== (column === "first ADD") || own.status !== 0) return;
    const extra = wholeChain ? (before?.milliseconds ?? 0) : 0;
    const earlier = samples.get(column) ?? [];
    samples.set(column, [...earlier, own.milliseconds + extra]);
  };
  if (!wholeChain) record("VERSION", await call("VERSION"));
  const wired = await callBase("ADD");
  const prevResult: unknown = wired && JSON.parse(wired.stdout);
  const added = await call("ADD", prevResult);
  record(round === 0 && makesNodeState ? "first ADD" : "ADD", added, wired);
  const result: unknown = JSON.parse(added.stdout);
  // sbr moves the routes that ptp's CHECK looks for.
  const looked = wholeChain ? await callBase("CHECK", result) : undefined;
  record("CHECK", await call("CHECK", result), looked);
  const deleted = await call("DEL", result);
  record("DEL", deleted, await callBase("DEL", result));
}
