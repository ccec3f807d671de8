import { rmdirSync } from "node:fs";
import { join } from "node:path";
import { makeFolders } from "./folders.ts";
import type { NetworkFolder } from "./network-folder.ts";

/** What must outlive a reboot, since it tells what did not. */
const STATE_DIRECTORY = "/var/lib/crosslink/ipam";

/**
 * A network's folder for notes. Outside of the store, since host-local takes every file there for a reservation. By
 * path: the numbers of a disk may be others after a reboot, and each note tells the file that it is about.
 */
export function memoryDirectory({
  directory,
  stateDirectory,
}: NetworkFolder): string {
  return join(stateDirectory ?? STATE_DIRECTORY, encodeURIComponent(directory));
}

/** Makes the folder where it is missing, for root only. Throws a system error. */
export function makeMemoryDirectory(place: NetworkFolder): string {
  const path = memoryDirectory(place);
  makeFolders(path, 0o700);
  return path;
}

/** Removes the folder. Throws a system error where there are notes in it. */
export function removeMemoryDirectory(place: NetworkFolder): void {
  rmdirSync(memoryDirectory(place));
}
