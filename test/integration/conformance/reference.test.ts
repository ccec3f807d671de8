import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { examples, runConformance } from "../../support/conformance.ts";

const folder = "/usr/lib/cni";

interface Reference {
  /** Known failures that come from the library which all of them use: check → reason. */
  readonly everywhere: Readonly<Record<string, string>>;
  readonly plugins: readonly {
    readonly plugin: string;
    readonly arguments?: readonly string[];
    /** Known failures of this plugin: check → reason. */
    readonly failures: Readonly<Record<string, string>>;
    /** Failures that come and go with the timing of parallel calls. */
    readonly races?: Readonly<Record<string, string>>;
  }[];
}

const { everywhere, plugins } = JSON.parse(
  readFileSync(`${examples}../reference.json`, "utf8"),
) as Reference;

describe.skipIf(!existsSync(`${folder}/bridge`))(
  "the conformance suite on Debian's reference plugins (needs containernetworking-plugins)",
  () => {
    it.concurrent.each(plugins)(
      "finds exactly the known failures of $plugin",
      { timeout: 900_000 },
      async ({ plugin, arguments: args = [], failures, races = {} }) => {
        const files = [`${folder}/${plugin}`, "--conf", `${plugin}.json`];
        const run = await runConformance(["--plugin", ...files, ...args]);
        const known = Object.keys({ ...everywhere, ...failures }).sort();
        const failed = run.failed.filter((check) => !(check in races));
        expect(failed, run.stdout).toEqual(known);
        expect(run.exit).toBe(1);
        expect(run.stdout).toMatch(/\d{2} passed, \d+ MUST failed/);
      },
    );
  },
);
