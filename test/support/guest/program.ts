import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { askGuest, GUEST_SOCKET } from "./ask.ts";
import { bundle } from "./bundle.ts";
import type { Ended, OnOutput } from "./lane.ts";
import { SCENE_MODULES } from "./modules.ts";
import { type Request, residentGuest } from "./resident.ts";

/**
 * Runs a command in the guest that this run shares, or where none is shared in one for this command, which boots while
 * what the command needs is made.
 */
export async function runInGuest(
  request: Request,
  onOutput?: OnOutput,
  needed?: Promise<unknown>,
): Promise<Ended> {
  const socket = process.env[GUEST_SOCKET];
  if (socket !== undefined) {
    await needed;
    return askGuest(socket, request, onOutput);
  }
  using resident = residentGuest({ modules: SCENE_MODULES });
  if (request.modules === undefined) resident.prepare();
  await needed;
  return await resident.run(request, onOutput);
}

/** Runs a TypeScript program in the guest, without the cost of stripping its types there. */
export async function runProgramInGuest(
  [program = "", ...words]: readonly string[],
  request: Omit<Request, "command">,
  onOutput?: OnOutput,
  needed?: Promise<unknown>,
): Promise<Ended> {
  const folder = mkdtempSync(join(tmpdir(), "crosslink-guest-"));
  try {
    const command = [process.execPath, await bundle(program, folder), ...words];
    return await runInGuest({ ...request, command }, onOutput, needed);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
