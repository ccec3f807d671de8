import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** One run of the conformance suite, as another program sees it. */
export interface SuiteRun {
  readonly exit: number;
  readonly stdout: string;
  /** Names of the failed checks, sorted. */
  readonly failed: readonly string[];
}

const suite = new URL("../conformance/", import.meta.url).pathname;

/** The folder with the example configurations. */
export const examples = `${suite}conf/`;

/** Runs the suite as its users do, and reads the report that it writes for machines. */
export async function runConformance(
  args: readonly string[],
): Promise<SuiteRun> {
  const folder = mkdtempSync(join(tmpdir(), "crosslink-conformance-"));
  const report = join(folder, "report.xml");
  const call = [`${suite}main.ts`, ...args, "--junit", report];
  try {
    const { exit, stdout } = await execute(call);
    const failed = failedChecks(readFileSync(report, "utf8"));
    return { exit, stdout, failed };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * State of the machine's own: a lock that another test's node holds would send an agent's call to the full binary.
 * tmpfs does for both folders, which need not outlive the run.
 */
const OWN_STATE = `
  for folder in /run/crosslink /var/lib/crosslink; do
    mkdir -p -m 700 $folder
    mount -t tmpfs -o mode=700 tmpfs $folder
  done
  exec "$@"`;

/** In the folder of the examples, so that their names are short. */
async function execute(
  call: readonly string[],
): Promise<Pick<SuiteRun, "exit" | "stdout">> {
  return new Promise((resolve) => {
    const options = { cwd: examples, maxBuffer: 1 << 26 };
    const within = ["--mount", "sh", "-ec", OWN_STATE, "sh"];
    const command = [...within, process.execPath, ...call];
    execFile("unshare", command, options, (error, stdout, stderr) => {
      resolve({ exit: Number(error?.code ?? 0), stdout: stdout + stderr });
    });
  });
}

function failedChecks(xml: string): string[] {
  const cases = xml.matchAll(
    /<testcase [^>]*name="([^ ]+) [^>]*"[^>]*><failure/g,
  );
  return [...cases].map(([, name]) => name ?? "").sort();
}
