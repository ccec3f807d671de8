/** `npm run bench`: what each CNI command costs, crosslink beside the reference plugins, all in one run. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { table } from "../e2e/demo/report.ts";
import { espMissing, runInGuest } from "../e2e/support/kernel.ts";
import { reportIpam } from "./ipam-report.ts";
import { columns, type Row } from "./measure.ts";
import { formatSummary } from "./statistics.ts";

const script = join(import.meta.dirname, "measure.ts");
const results = fileURLToPath(new URL("../results", import.meta.url));

await bench();

async function bench(): Promise<void> {
  const lacking = espMissing();
  const here = lacking === undefined ? "esp" : "none";
  console.log(machine());
  const tables = [];
  tables.push({ kernel: release(), encryption: here, rows: measureHere(here) });
  print(
    lacking === undefined
      ? "On this machine's kernel, encrypted:"
      : `On this machine's kernel, which has no ESP ("${lacking}"): to plain networks, so routes and SNAT exemptions, no policies:`,
    tables[0]?.rows ?? [],
  );
  if (lacking !== undefined) {
    const rows = await measureInGuest();
    tables.push({ kernel: "User Mode Linux", encryption: "esp", rows });
    print(
      "In User Mode Linux, encrypted; every program starts some ten times slower there, so compare rows, not milliseconds:",
      rows,
    );
  }
  const { text, ...ipam } = await reportIpam();
  console.log(
    `\nIPAM, called alone; "first ADD" comes after another program wrote the store:\n\n${text}\n`,
  );
  mkdirSync(results, { recursive: true });
  writeFileSync(
    join(results, "bench.json"),
    JSON.stringify({ tables, ipam }, undefined, 2),
  );
  console.log(
    "All figures are in milliseconds, median / p90. JSON: test/results/bench.json",
  );
}

function measureHere(encryption: string): Row[] {
  const ran = spawnSync(process.execPath, [script, "21", encryption], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 1 << 26,
  });
  if (ran.status !== 0)
    throw new Error("Cannot measure on this machine's kernel");
  return JSON.parse(ran.stdout) as Row[];
}

async function measureInGuest(): Promise<Row[]> {
  const { status, output } = await runInGuest([script, "3", "esp"], {
    timeoutSeconds: 1200,
  });
  if (status !== 0) throw new Error(`Cannot measure in the guest:\n${output}`);
  return JSON.parse(output) as Row[];
}

function print(title: string, rows: readonly Row[]): void {
  const body = rows.map((row) => [
    row.name,
    ...columns.map((column) => formatSummary(row.columns[column])),
  ]);
  console.log(`\n${title}\n\n${table([["", ...columns], ...body])}\n`);
}

/** The processor and the kernel; nothing that would tell whose machine it is. */
function machine(): string {
  const processors =
    readFileSync("/proc/cpuinfo", "utf8").match(/^model name\s*: .*$/gm) ?? [];
  const model = processors[0]?.replace(/^.*: /, "") ?? process.arch;
  return `${model}, ${processors.length} cores, Linux ${release()}, Node ${process.version}`;
}
