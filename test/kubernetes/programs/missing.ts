import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CACHE, notInCache } from "./build.ts";
import { findGo } from "./go.ts";

/** Who asks for a module that is there is answered in seconds. */
const PATIENCE_MS = 120_000;

/**
 * Why the room's programs cannot be had, by the name of what is missing; undefined where they are in the cache, or what
 * they are built from is to be had.
 */
export function programsMissing(): string | undefined {
  const [first] = notInCache();
  if (first === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "crosslink-modules-"));
  try {
    const go = findGo(CACHE, (sentence) => {
      console.log(`kubernetes: ${sentence}`);
    });
    const asked = [`${first.module}@${first.version}`];
    const { status } = spawnSync(go, ["list", "-m", ...asked], {
      cwd: folder,
      timeout: PATIENCE_MS,
      env: { ...process.env, GOTOOLCHAIN: "local" },
    });
    return status === 0 ? undefined : "the Go module proxy";
  } catch (error) {
    return `Go, of this machine or of PyPI (${String(error)})`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
