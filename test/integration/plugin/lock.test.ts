import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { withNodeLock } from "../../../plugin/kernel/lock.ts";
import { binding } from "../../support/binding.ts";
import { until } from "../../support/until.ts";

it("names who holds the node's lock, and does not wait without end", async () => {
  const folder = mkdtempSync(join(tmpdir(), "crosslink-lock-"));
  const file = join(folder, "lock");
  const holder = spawn("flock", [file, "sleep", "60"], { detached: true });
  const take = (patienceMs: number) =>
    withNodeLock({ binding }, () => "taken", { folder, patienceMs });
  try {
    await until(() => {
      try {
        return take(0) !== "taken";
      } catch {
        return true;
      }
    });
    expect(() => take(50)).toThrow(/pid \d+ \((?:flock|sleep)\) holds it/);
  } finally {
    process.kill(-(holder.pid ?? 0), "SIGKILL");
    rmSync(folder, { recursive: true });
  }
});
