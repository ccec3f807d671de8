import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundle } from "./bundle.ts";
import type { Guest, GuestResult } from "./guest.ts";
import { runInUml } from "./uml.ts";

/**
 * Runs a TypeScript program in a guest, without the cost of stripping its types there.
 *
 * @param run starts the guest, in User Mode Linux unless said otherwise
 */
export async function runProgramInGuest(
  [program = "", ...words]: readonly string[],
  guest: Omit<Guest, "command">,
  run: (guest: Guest) => Promise<GuestResult> = runInUml,
): Promise<GuestResult> {
  const folder = mkdtempSync(join(tmpdir(), "crosslink-guest-"));
  try {
    const command = [process.execPath, await bundle(program, folder), ...words];
    return await run({ ...guest, command });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
