import { writeFileSync } from "node:fs";
import { basename } from "node:path";
import { type Options, parseOptions, usage } from "./options.ts";
import { junit, line, summary, totals } from "./report.ts";
import { loadSubject } from "./subject.ts";
import { runSuite } from "./suite.ts";

/** Runs the suite; exit code 1 when a MUST failed, 2 when it could not run. */
async function main(args: readonly string[]): Promise<number> {
  const options = parse(args);
  if (options === undefined) return 2;
  const subject = loadSubject(options);
  const outcomes = await runSuite(subject, {
    only: options.only,
    jobs: options.jobs,
    progress: (outcome) => process.stdout.write(line(outcome)),
  });
  process.stdout.write(summary(outcomes));
  if (options.junit !== undefined) {
    writeFileSync(options.junit, junit(outcomes, basename(options.plugin)));
  }
  return totals(outcomes).failedMust > 0 ? 1 : 0;
}

function parse(args: readonly string[]): Options | undefined {
  try {
    return parseOptions(args);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    process.stderr.write(`${error.message}\n\n${usage}`);
    return undefined;
  }
}

process.exitCode = await main(process.argv.slice(2));
