/** What `crosslink plan` costs on one node of meshes of many sizes: the built program, in a namespace of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { binary } from "../../support/binary.ts";
import { type Namespace, namespace } from "../../support/namespace.ts";
import { announce } from "../output.ts";
import { type Run, startWorker, type Worker } from "../worker.ts";
import { measured, ownPlace, type ScaleMesh, writeScaleMesh } from "./mesh.ts";
import { countCalls, type Calls } from "./trace.ts";

/** A kind of mesh, and what it is called in tables. */
export interface Shape {
  readonly name: string;
  readonly mesh: Omit<ScaleMesh, "nodes">;
}

/** What one plan took. */
export interface ScaleRow extends Calls {
  readonly shape: string;
  readonly nodes: number;
  readonly seconds: number;
  /** Of a processor. */
  readonly busySeconds: number;
  /** Largest resident set, in MB of 10⁶ bytes. */
  readonly peakMB: number;
  /** The steps that it shows. */
  readonly steps: number;
}

export const SIZES = [10, 100, 1000, 5000, 20_000];

export const SHAPES: readonly Shape[] = [
  {
    name: "elastic addresses",
    mesh: { dual: false, elastic: true, covered: true },
  },
  {
    name: "elastic addresses, CIDRs of nodes only",
    mesh: { dual: false, elastic: true, covered: false },
  },
  { name: "one link", mesh: { dual: false, elastic: false, covered: true } },
  {
    name: "elastic addresses, dual stack",
    mesh: { dual: true, elastic: true, covered: true },
  },
  {
    name: "gateway mode, a leaf",
    mesh: { dual: false, elastic: true, covered: true, mode: "gateway" },
  },
];

/** Measures every size of every shape. A node with nothing of ours yet: its plan is as long as it can be. */
export async function measureScale(
  sizes: readonly number[] = SIZES,
): Promise<ScaleRow[]> {
  const rows: ScaleRow[] = [];
  for (const shape of SHAPES)
    for (const nodes of sizes) {
      announce(`plan, ${shape.name}, ${nodes.toLocaleString("en")} nodes`);
      rows.push(await measurePlan(shape, nodes));
    }
  return rows;
}

async function measurePlan(shape: Shape, nodes: number): Promise<ScaleRow> {
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "crosslink-scale-"));
  stack.defer(() => {
    rmSync(folder, { recursive: true });
  });
  const mesh = { ...shape.mesh, nodes };
  const { clusters, keyring } = writeScaleMesh(folder, mesh);
  const place = stack.use(nodePlace(mesh));
  const worker = stack.use(startWorker(place.name));
  const node = mesh.mode === "gateway" ? measured.leaf : measured.node;
  const words = ["plan", "--node", node];
  const run: Run = {
    program: binary,
    arguments: [...words, "--clusters", clusters, "--keyring", keyring],
    environment: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
    stdin: "",
  };
  const ran = await ranWell(worker, run);
  return {
    shape: shape.name,
    nodes,
    seconds: ran.milliseconds / 1000,
    busySeconds: ran.busy / 1000,
    peakMB: (ran.peak * 1024) / 1e6,
    steps: ran.stdout.split("\n").filter((line) => /^[+~-] /.test(line)).length,
    ...(await countCalls(worker, run, folder)),
  };
}

async function ranWell(worker: Worker, run: Run) {
  const ran = await worker.run(run);
  if (ran.status === 0) return ran;
  throw new Error(`Cannot measure plan: exit code ${ran.status}`);
}

function nodePlace(mesh: ScaleMesh): Namespace {
  const place = namespace();
  place.exec(
    "ip",
    "link",
    "add",
    "eth0",
    "type",
    "veth",
    "peer",
    "name",
    "wire",
  );
  place.exec("ip", "link", "set", "wire", "up");
  for (const line of ownPlace(mesh)) place.exec("ip", ...line.split(" "));
  return place;
}
