/**
 * What the fence's second layer costs a pod: the same calls by the built program and by one that has policies alone.
 *
 *   node test/bench/fence/layers.ts ROUNDS FOLDER-OF-THE-OTHER-PROGRAM
 */
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { startAgent } from "../../e2e/agent/nodes.ts";
import { namespace } from "../../support/namespace.ts";
import { dist } from "../../support/binary.ts";
import { crosslinkPlugin } from "../../e2e/support/pod.ts";
import {
  alone,
  cidrs,
  crosslink,
  installLauncher,
  type Installed,
  type Program,
  ptp,
} from "../contestants.ts";
import { copiedBuild } from "../copied.ts";
import { type Mesh, removeRemotes, writeMesh, writeOffice } from "../mesh.ts";
import { announce, printFigures } from "../output.ts";
import { type Place, place, runPlugin } from "../place.ts";
import { type Summary, summarize } from "../statistics.ts";
import type { Ran } from "../worker.ts";

const SIZES = [10, 1000];

/** What ADD took by one program. */
export interface Layered {
  /** What it was called with, the same for both programs. */
  readonly name: string;
  readonly layers: "both layers" | "policies alone";
  /** Milliseconds. */
  readonly wall: Summary;
  /** Milliseconds of processor time of the process that the runtime starts. */
  readonly busy: Summary;
}

/** A program on a node that it fenced. */
interface Lane extends Place, Pick<Layered, "name" | "layers"> {
  readonly contestant: Program;
  readonly ran: Ran[];
}

/** A program, and what it is to keep up. */
interface Fencing {
  readonly program: string;
  readonly layers: Layered["layers"];
}

if (import.meta.main) {
  const [rounds = "11", folder = dist] = process.argv.slice(2);
  printFigures(await measure(Number(rounds), folder));
}

async function measure(rounds: number, folder: string): Promise<Layered[]> {
  await using stack = new AsyncDisposableStack();
  announce("the fence's layers, setting up nodes");
  const programOf = (build: string) =>
    join(copiedBuild(stack, build), "crosslink");
  const programs: Fencing[] = [
    { program: programOf(dist), layers: "both layers" },
    { program: programOf(folder), layers: "policies alone" },
  ];
  const lanes: Lane[] = [];
  for (const size of SIZES)
    for (const how of ["alone", "with agent"] as const)
      for (const each of programs)
        lanes.push(await openLane(stack, { ...each, size, how }));
  for (const lane of lanes) await addPod(lane); // not counted: it warms the page cache
  for (let round = 1; round <= rounds; round += 1) {
    announce(`the fence's layers, round ${round} of ${rounds}`);
    // Whoever comes second finds warmer caches: that is now the one and now the other.
    for (const lane of round % 2 === 0 ? lanes : lanes.toReversed())
      lane.ran.push(await addPod(lane));
  }
  return lanes.map(({ name, layers, ran }) => ({
    name,
    layers,
    wall: summarize(ran.map(({ milliseconds }) => milliseconds)),
    busy: summarize(ran.map(({ busy }) => busy)),
  }));
}

/** A pod's ADD, between those of the base plugin. */
async function addPod(lane: Lane): Promise<Ran> {
  using pod = namespace();
  const base = ptp(lane.node);
  const wired = await runPlugin(lane, base, { command: "ADD", pod });
  const prevResult: unknown = JSON.parse(wired.stdout);
  const { contestant } = lane;
  const added = await runPlugin(lane, contestant, {
    command: "ADD",
    pod,
    prevResult,
  });
  for (const program of [contestant, base])
    await runPlugin(lane, program, { command: "DEL", pod, prevResult });
  return added;
}

async function openLane(
  stack: AsyncDisposableStack,
  {
    size,
    how,
    ...fencing
  }: Fencing & { readonly size: number; readonly how: "alone" | "with agent" },
): Promise<Lane> {
  const at = fencedPlace(stack, fencing, size);
  const installed =
    how === "alone"
      ? { ...alone, folder: dirname(fencing.program) }
      : await withAgent(stack, at, fencing.program);
  return {
    ...at,
    name: `crosslink ${how}, ${cidrs(size)}`,
    layers: fencing.layers,
    contestant: crosslink(at.node, installed),
    ran: [],
  };
}

async function withAgent(
  stack: AsyncDisposableStack,
  { node }: Place,
  program: string,
): Promise<Installed> {
  const programs = dirname(program);
  const agent = await startAgent(node, { programs });
  stack.defer(agent.stop);
  return installLauncher(node, programs);
}

/** A node that is fenced from so many CIDRs and linked to none of them, so that every kernel will do. */
function fencedPlace(
  stack: AsyncDisposableStack,
  fencing: Fencing,
  remoteCidrs: number,
): Place {
  const at = place(stack);
  const { node } = at;
  const mesh: Mesh = { remoteCidrs, encryption: "esp" };
  writeMesh(node, mesh);
  // Where the kernel has no ESP it refuses, behind the fence.
  apply(at, fencing);
  removeRemotes(node, mesh);
  writeOffice(node);
  const { status, stderr } = apply(at, fencing);
  if (status !== 0) throw new Error(`Cannot fence a node: ${stderr}`);
  mustStand(at, fencing, remoteCidrs);
  return at;
}

function apply({ node, path }: Place, { program }: Fencing) {
  const { clustersDir, keyring } = crosslinkPlugin(node);
  return inside(node.namespace.name, [
    ...["env", `PATH=${path}`, program, "apply", "--node", node.name],
    ...["--clusters", clustersDir, "--keyring", keyring],
  ]);
}

/** Else something else would be measured than the rows say. */
function mustStand({ node }: Place, { layers }: Fencing, size: number): void {
  const { name } = node.namespace;
  const rules = inside(name, ["nft", "list", "table", "inet", "crosslink"]);
  const policies = inside(name, ["ip", "xfrm", "policy"]).stdout;
  const blocks = policies.match(/action block/g)?.length ?? 0;
  const hasRules = rules.status === 0;
  if (hasRules !== (layers === "both layers") || blocks < size)
    throw new Error(
      `Cannot measure ${layers}: ${blocks} block policies, rules: ${String(hasRules)}`,
    );
}

function inside(name: string, words: readonly string[]) {
  return spawnSync("ip", ["netns", "exec", name, ...words], {
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
}
