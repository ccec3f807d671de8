import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { scenesMissing } from "../support/kernel.ts";

const missing = scenesMissing();

test.skipIf(missing !== undefined)(
  missing ?? "npm run demo: every claim holds, and no key is printed",
  async () => {
    const main = join(import.meta.dirname, "main.ts");
    // Rejects on any exit code but 0, with what was printed.
    const { stdout } = await promisify(execFile)(process.execPath, [main]);
    expect(stdout).toMatch(/All \d+ claims held/);
    expect(stdout).not.toMatch(/✘|0x[0-9a-f]{32}/);
  },
);
