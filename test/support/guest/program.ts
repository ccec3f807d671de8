import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { askGuest, GUEST_SOCKET } from "./ask.ts";
import { bundle } from "./bundle.ts";
import type { Ended, OnOutput } from "./lane.ts";
import { SCENE_MODULES } from "./modules.ts";
import { type Request, residentGuest } from "./resident.ts";

/** Runs a command in the guest that this run shares, or where none is shared in one for this command. */
export async function runInGuest(
  request: Request,
  onOutput?: OnOutput,
): Promise<Ended> {
  const socket = process.env[GUEST_SOCKET];
  if (socket !== undefined) return askGuest(socket, request, onOutput);
  using resident = residentGuest({ modules: SCENE_MODULES });
  return await resident.run(request, onOutput);
}

/** Runs a TypeScript program in the guest, without the cost of stripping its types there. */
export async function runProgramInGuest(
  [program = "", ...words]: readonly string[],
  request: Omit<Request, "command">,
  onOutput?: OnOutput,
): Promise<Ended> {
  const folder = mkdtempSync(join(tmpdir(), "crosslink-guest-"));
  try {
    const command = [process.execPath, await bundle(program, folder), ...words];
    return await runInGuest({ ...request, command }, onOutput);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
