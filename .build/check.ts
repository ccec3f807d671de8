/** `npm run check`: everything that can be said of the sources without running them. Exit 1 names each step that failed. */
import { execFile } from "node:child_process";
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import rooms from "../.config/rooms.json" with { type: "json" };
import { staleGenerated } from "./generated.ts";
import { bin, nodeHeaders, root } from "./paths.ts";

interface Step {
  readonly name: string;
  /** Resolves to nothing when all is well, else to what is wrong. */
  readonly run: () => Promise<string | undefined>;
}

const steps: readonly Step[] = [
  { name: "lint", run: () => program(bin("eslint"), lintArguments()) },
  { name: "types", run: () => program(bin("tsc"), ["-p", "."]) },
  { name: "format", run: () => program(bin("prettier"), formatArguments()) },
  { name: "arrows", run: () => program(bin("depcruise"), arrowArguments()) },
  {
    name: "unused exports",
    run: () => program(bin("knip"), unusedArguments()),
  },
  { name: "C warnings", run: () => program("gcc", warningArguments()) },
  { name: "generated files", run: () => Promise.resolve(staleGenerated()) },
];

process.exitCode = (await runAll()) ? 0 : 1;

/** Runs the steps, as many at a time as there are cores; says how each went. */
async function runAll(): Promise<boolean> {
  const waiting = [...steps];
  let allWell = true;
  const worker = async (): Promise<void> => {
    for (let step = waiting.shift(); step; step = waiting.shift()) {
      const started = performance.now();
      const trouble = await step.run();
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      console.log(
        `check: ${step.name}: ${trouble === undefined ? "ok" : "FAILED"} (${seconds} s)`,
      );
      if (trouble !== undefined) console.log(trouble);
      allWell &&= trouble === undefined;
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return allWell;
}

function program(
  file: string,
  parameters: readonly string[],
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = { cwd: root, maxBuffer: 64 << 20 };
    execFile(file, parameters, options, (error, stdout, stderr) => {
      resolve(
        error === null
          ? undefined
          : `${stdout}${stderr}`.trim() || error.message,
      );
    });
  });
}

function lintArguments(): string[] {
  return ["-c", ".config/eslint.config.js", "--max-warnings=0", "."];
}

function formatArguments(): string[] {
  const ignored = "--ignore-path=.config/prettierignore";
  // .editorconfig's 120 columns are for editors; prettier looks at it or not by where the repository's .git lies.
  const columns = "--no-editorconfig";
  return ["--check", "--log-level=warn", columns, ignored, "."];
}

function arrowArguments(): string[] {
  const config = "--config=.config/dependency-cruiser.cjs";
  const rest = ["test", ".build", ".config"];
  return [config, "--output-type=err-long", ...Object.keys(rooms), ...rest];
}

/** What is exported, and used by no other file: a look-up that leads nowhere. */
function unusedArguments(): string[] {
  const kinds = "--include=files,exports,types";
  return ["--config=.config/knip.js", kinds, "--no-progress"];
}

function warningArguments(): string[] {
  const strict = ["-std=c11", "-Wall", "-Wextra", "-Wshadow", "-Werror"];
  const sources = globSync("{native/addon/*,plugin/launcher/launcher}.c", {
    cwd: root,
  });
  return [...strict, "-fsyntax-only", `-I${nodeHeaders()}`, ...sources];
}
