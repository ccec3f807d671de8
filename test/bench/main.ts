/** `npm run bench`: what crosslink costs beside the reference plugins, all in one run. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { espMissing } from "../e2e/support/kernel.ts";
import shareGuest from "../support/guest/for-a-run.ts";
import { runProgramInGuest } from "../support/guest/program.ts";
import type { Layered } from "./fence/layers.ts";
import { policiesOnly } from "./fence/policies-only.ts";
import { reportIpam } from "./ipam/report.ts";
import type { DataPath } from "./datapath.ts";
import type { IkeFigures } from "./ike.ts";
import type { Row } from "./measure.ts";
import type { Mesh } from "./mesh.ts";
import { announce, isProgress, readFigures } from "./output.ts";
import type { PeersFigures } from "./peers.ts";
import type { Repair } from "./repair.ts";
import {
  agentTable,
  callTable,
  dataPathTable,
  ikeTable,
  layersTable,
  peersTable,
  repairTable,
  stormTable,
} from "./report.ts";
import { runtimeProgram } from "./runtime/build.ts";
import type { AgentRow } from "./scale/agent.ts";
import { benchChurn } from "./scale/churn.ts";
import { benchScale } from "./scale/main.ts";
import type { Storm } from "./storm.ts";

/** Runs one of the scripts beside this file, and returns its figures. */
type Run = (script: string, ...words: readonly string[]) => Promise<unknown>;

/** A thousand rekeyings take half an hour where they are emulated. */
const LONGEST_SECONDS = 3600;

const results = fileURLToPath(new URL("../results", import.meta.url));
const figures: Record<string, unknown> = {};

const [only, ...sizes] = process.argv.slice(2);
if (only === "scale") {
  runtimeProgram();
  await benchScale(sizes.map(Number));
} else if (only === "churn") benchChurn(sizes);
else if (only === "ike") await benchIke(sizes);
else if (only === "peers") await benchPeers(sizes);
else if (only === "agent") await benchAgent(sizes);
else if (only === "against") await benchAgainst(sizes[0] ?? "");
else await bench();

/** This build beside an older one, whose `dist` is named. */
async function benchAgainst(other: string): Promise<void> {
  const lacking = espMissing();
  const words = ["10,1000", resolve(other)];
  await step("calls of two builds, to plain networks", () =>
    measureCalls("To plain networks", runHere, ["41", "none", ...words]),
  );
  const endGuest = shareGuest();
  const [run, rounds] =
    lacking === undefined ? [runHere, "41"] : [inGuest, "7"];
  await step("calls of two builds, encrypted", () =>
    measureCalls("Encrypted", run, [rounds, "esp", ...words]),
  );
  endGuest();
}

/** How many first packets, rounds of throughput, and rekeyings. */
async function benchIke(counts: readonly string[]): Promise<void> {
  await withEsp("ike", async (run) => {
    const measured = (await run("ike", ...counts)) as IkeFigures;
    return [ikeTable(measured), measured];
  });
}

/** How many peers. */
async function benchPeers(counts: readonly string[]): Promise<void> {
  await withEsp("peers", async (run) => {
    const measured = (await run("peers", ...counts)) as PeersFigures;
    return [peersTable(measured), measured];
  });
}

/** How many ADDs, and the sizes. Where only a guest has ESP, when the fence stands is measured on this machine, too. */
async function benchAgent(words: readonly string[]): Promise<void> {
  runtimeProgram();
  const [rounds = "41", sizes = "10,20000"] = words;
  if (espMissing() !== undefined)
    await step("an agent that cannot encrypt", async () => {
      const rows = await runHere("scale/agent", "none", rounds, sizes);
      return [agentTable(rows as AgentRow[]), rows];
    });
  await withEsp("an agent", async (run) => {
    const rows = await run("scale/agent", "esp", rounds, sizes);
    return [agentTable(rows as AgentRow[]), rows];
  });
}

/** Here where this machine's kernel has ESP, else in a guest. */
async function withEsp(
  name: string,
  measure: (run: Run) => Promise<Measured>,
): Promise<void> {
  const endGuest = shareGuest();
  const run = espMissing() === undefined ? runHere : inGuest;
  await step(name, () => measure(run));
  endGuest();
}

async function bench(): Promise<void> {
  const lacking = espMissing();
  // Here, not in a guest: it could not keep what it builds.
  runtimeProgram();
  figures["machine"] = machine();
  console.log(figures["machine"]);
  const encryption = lacking === undefined ? "esp" : "none";
  await measureHere(encryption, lacking);
  await step("the fence's layers", async () => {
    const rows = await runHere("fence/layers", "41", await policiesOnly());
    return [layersTable(rows as Layered[]), rows];
  });
  await step("pods at once", async () => {
    const storms = (await runHere("storm", encryption)) as Storm[];
    return [`Many pods at once:\n\n${stormTable(storms)}`, storms];
  });
  await step("IPAM", async () => {
    const { text, ...ipam } = await reportIpam();
    const title =
      'IPAM, called alone; "first ADD" comes after another program wrote the store';
    return [`${title}:\n\n${text}`, ipam];
  });
  const endGuest = shareGuest();
  if (lacking !== undefined) await measureInGuest();
  await step("data path", async () => {
    const run = lacking === undefined ? runHere : inGuest;
    const paths = (await run("datapath", "3")) as DataPath[];
    return [dataPathTable(paths), paths];
  });
  endGuest();
  console.log(
    "All figures are in milliseconds, median / p90. JSON: test/results/bench.json",
  );
}

async function measureHere(
  encryption: Mesh["encryption"],
  lacking?: string,
): Promise<void> {
  const title =
    lacking === undefined
      ? "On this machine's kernel, encrypted"
      : `On this machine's kernel, which has no ESP ("${lacking}"): to plain networks, so routes and SNAT exemptions, no policies`;
  const sizes = "10,1000,10000";
  await step("calls", () =>
    measureCalls(title, runHere, ["41", encryption, sizes]),
  );
  await step("repairs", () => measureRepairs(runHere, ["5", encryption]));
}

async function measureInGuest(): Promise<void> {
  const title =
    "In a guest, encrypted; emulated, every program starts some ten times slower there, so compare rows, not milliseconds";
  await step("calls in a guest", () =>
    measureCalls(title, inGuest, ["3", "esp", "10,1000"]),
  );
  await step("repairs in a guest", () => measureRepairs(inGuest, ["3", "esp"]));
}

type Measured = readonly [text: string, figures: unknown];

async function measureCalls(
  title: string,
  run: Run,
  words: readonly string[],
): Promise<Measured> {
  const rows = (await run("measure", ...words)) as Row[];
  return [`${title}:\n\n${callTable(rows)}`, rows];
}

async function measureRepairs(
  run: Run,
  words: readonly string[],
): Promise<Measured> {
  const repairs = (await run("repair", ...words)) as Repair[];
  return [repairTable(repairs), repairs];
}

/** Prints and saves what one step gives. One that fails is named, and takes nothing from the others. */
async function step(
  name: string,
  measure: () => Promise<Measured>,
): Promise<void> {
  announce(name);
  const started = performance.now();
  try {
    const [text, values] = await measure();
    console.log(`\n${text}\n`);
    figures[name] = values;
    save();
  } catch (error) {
    process.exitCode = 1;
    console.error(`Cannot measure ${name}: ${String(error)}`);
  }
  const seconds = (performance.now() - started) / 1000;
  announce(`${name}: ${seconds.toFixed(0)} s`);
}

function runHere(script: string, ...words: readonly string[]) {
  const ran = spawnSync(process.execPath, [pathOf(script), ...words], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 1 << 26,
  });
  if (ran.status !== 0)
    return Promise.reject(new Error(`exit code ${ran.status}`));
  return Promise.resolve(readFigures(ran.stdout));
}

async function inGuest(script: string, ...words: readonly string[]) {
  const { status, output } = await runProgramInGuest(
    [pathOf(script), ...words],
    { seconds: LONGEST_SECONDS },
    (lines) => {
      if (isProgress(lines)) process.stderr.write(lines);
    },
  );
  // What it printed has been seen.
  if (status !== 0) throw new Error(`exit code ${status}`);
  return readFigures(output);
}

function pathOf(script: string): string {
  return join(import.meta.dirname, `${script}.ts`);
}

function save(): void {
  mkdirSync(results, { recursive: true });
  writeFileSync(
    join(results, "bench.json"),
    JSON.stringify(figures, undefined, 2),
  );
}

/** The processor and the kernel; nothing that would tell whose machine it is. */
function machine(): string {
  const processors =
    readFileSync("/proc/cpuinfo", "utf8").match(/^model name\s*: .*$/gm) ?? [];
  const model = processors[0]?.replace(/^.*: /, "") ?? process.arch;
  return `${model}, ${processors.length} cores, Linux ${release()}, Node ${process.version}`;
}
