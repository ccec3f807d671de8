import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { withNodeLock } from "../../../plugin/kernel/lock.ts";
import { binding } from "../../support/binding.ts";
import { until } from "../../support/until.ts";

const { EAGAIN } = constants.errno;

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

it("waits for its turn where each holder is soon done, and only all of them together are not", async () => {
  const folder = mkdtempSync(join(tmpdir(), "crosslink-lock-"));
  const file = join(folder, "lock");
  const line = `
    hold='echo >>"$0.turns"; sleep 1'
    for i in 1 2 3 4 5; do flock "$0" sh -c "$hold" "$0" & done; wait`;
  const holders = spawn("bash", ["-c", line, file], { detached: true });
  // Who looks now and then may find each time that another was faster.
  const flock: typeof binding.flock = (fd, operation) =>
    turns(file) < 5 ? -EAGAIN : binding.flock(fd, operation);
  const kernel = { binding: { ...binding, flock } };
  try {
    await until(() => turns(file) > 0);
    expect(
      withNodeLock(kernel, () => "taken", { folder, patienceMs: 3000 }),
    ).toBe("taken");
  } finally {
    process.kill(-(holders.pid ?? 0), "SIGKILL");
    rmSync(folder, { recursive: true });
  }
});

/** How many have had the lock. */
function turns(file: string): number {
  const list = `${file}.turns`;
  return existsSync(list) ? statSync(list).size : 0;
}
