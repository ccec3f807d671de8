import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundle } from "./bundle.ts";
import { type Guest, type GuestResult, runInUml } from "./uml.ts";

/** Runs a TypeScript program in User Mode Linux, without the cost of stripping its types there. */
export async function runProgramInUml(
  [program = "", ...words]: readonly string[],
  guest: Omit<Guest, "command">,
): Promise<GuestResult> {
  const folder = mkdtempSync(join(tmpdir(), "crosslink-guest-"));
  try {
    const command = [process.execPath, await bundle(program, folder), ...words];
    return await runInUml({ ...guest, command });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
