/** `npm run bench`: what crosslink costs beside the reference plugins, all in one run. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { espMissing, runInGuest } from "../e2e/support/kernel.ts";
import { reportIpam } from "./ipam/report.ts";
import type { DataPath } from "./datapath.ts";
import type { Row } from "./measure.ts";
import type { Repair } from "./repair.ts";
import { callTable, dataPathTable, repairTable, stormTable } from "./report.ts";
import type { Storm } from "./storm.ts";

/** Runs one of the scripts beside this file, and returns what it printed. */
type Run = (script: string, ...words: readonly string[]) => Promise<unknown>;

const results = fileURLToPath(new URL("../results", import.meta.url));

await bench();

async function bench(): Promise<void> {
  const lacking = espMissing();
  const processor = machine();
  console.log(processor);
  const tables = [
    lacking === undefined
      ? await measure(runHere, HERE, "On this machine's kernel, encrypted")
      : await measure(
          runHere,
          { ...HERE, encryption: "none" },
          `On this machine's kernel, which has no ESP ("${lacking}"): to plain networks, so routes and SNAT exemptions, no policies`,
        ),
  ];
  if (lacking !== undefined)
    tables.push(
      await measure(
        inGuest,
        GUEST,
        "In User Mode Linux, encrypted; every program starts some ten times slower there, so compare rows, not milliseconds",
      ),
    );
  const storms = (await runHere(
    "storm",
    lacking === undefined ? "esp" : "none",
  )) as Storm[];
  console.log(`\nMany pods at once:\n\n${stormTable(storms)}\n`);
  const run = lacking === undefined ? runHere : inGuest;
  const paths = (await run("datapath", "5")) as DataPath[];
  console.log(`\n${dataPathTable(paths)}\n`);
  const { text, ...ipam } = await reportIpam();
  console.log(
    `\nIPAM, called alone; "first ADD" comes after another program wrote the store:\n\n${text}\n`,
  );
  save({ machine: processor, tables, storms, paths, ipam });
  console.log(
    "All figures are in milliseconds, median / p90. JSON: test/results/bench.json",
  );
}

/** How much is measured where. */
interface Extent {
  readonly kernel: string;
  readonly encryption: "esp" | "none";
  readonly rounds: number;
  /** Remote CIDRs of nodes with an agent. */
  readonly sizes: string;
}

const HERE: Extent = {
  kernel: release(),
  encryption: "esp",
  rounds: 21,
  sizes: "10,1000,10000",
};
const GUEST: Extent = {
  kernel: "User Mode Linux",
  encryption: "esp",
  rounds: 3,
  sizes: "10,1000",
};

async function measure(run: Run, extent: Extent, title: string) {
  const { kernel, encryption, rounds, sizes } = extent;
  const rows = await run("measure", String(rounds), encryption, sizes);
  console.log(`\n${title}:\n\n${callTable(rows as Row[])}\n`);
  const repairs = await run("repair", "5", encryption);
  console.log(`${repairTable(repairs as Repair[])}\n`);
  return { kernel, encryption, rows, repairs };
}

function runHere(script: string, ...words: readonly string[]) {
  const ran = spawnSync(process.execPath, [pathOf(script), ...words], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 1 << 26,
  });
  if (ran.status !== 0)
    throw new Error(`Cannot run ${script} on this machine's kernel`);
  return Promise.resolve(JSON.parse(ran.stdout) as unknown);
}

async function inGuest(script: string, ...words: readonly string[]) {
  const { status, output } = await runInGuest([pathOf(script), ...words], {
    timeoutSeconds: 1800,
  });
  if (status !== 0)
    throw new Error(`Cannot run ${script} in the guest:\n${output}`);
  return JSON.parse(output) as unknown;
}

function pathOf(script: string): string {
  return join(import.meta.dirname, `${script}.ts`);
}

function save(figures: object): void {
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
