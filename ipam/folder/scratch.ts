import { statSync } from "node:fs";
import { join } from "node:path";
import { makeFolders } from "./folders.ts";
import type { NetworkFolder } from "./network-folder.ts";

/** What may be lost with a reboot; beside the agent's socket. */
const RUN_DIRECTORY = "/run/crosslink/ipam";

/**
 * A folder for what is only an aid: everything in it can be missing, stale or impossible to write, and the store alone
 * says who holds what. Outside of the store, since host-local takes every file there for a reservation. The network's folder must exist.
 */
export function scratchDirectory({
  directory,
  runDirectory,
}: NetworkFolder): string {
  // By inode: a folder that was removed and made again starts anew
  const { dev, ino } = statSync(directory);
  return join(runDirectory ?? RUN_DIRECTORY, `${dev}-${ino}`);
}

/** Makes the folder where it is missing, for root only. Throws a system error. */
export function makeScratchDirectory(place: NetworkFolder): string {
  const path = scratchDirectory(place);
  makeFolders(path, 0o700);
  return path;
}

/** Does something whose failure changes no answer. */
export function asAid<Value>(work: () => Value): Value | undefined {
  try {
    return work();
  } catch {
    return undefined; // /run is full, read-only or not ours: slower, or less to tell an admin, but as right
  }
}
