import { lstatSync, mkdirSync, realpathSync, statSync } from "node:fs";
import { dirname, sep } from "node:path";
import { syncDirectory } from "./durable.ts";
import { misplaced, onDisk } from "./error.ts";

/**
 * Makes sure that a network's folder exists, durably, mode 0755 as host-local makes it.
 *
 * The folder that holds all networks may be reached over symbolic links; the network's own must not lead out of it.
 */
export function ensureDirectory(directory: string): void {
  const action = `make the folder "${directory}"`;
  const made = onDisk(action, () =>
    mkdirSync(directory, { recursive: true, mode: 0o755 }),
  );
  if (made !== undefined) syncUpTo(directory, dirname(made));
  if (lstatSync(directory).isSymbolicLink()) requireInside(directory);
  if (!statSync(directory).isDirectory()) {
    throw misplaced(directory, "it is not a folder");
  }
}

function syncUpTo(directory: string, top: string): void {
  for (let path = directory; path !== top; path = dirname(path)) {
    syncDirectory(dirname(path));
  }
}

function requireInside(directory: string): void {
  const [real, store] = [directory, dirname(directory)].map((path) =>
    realpathSync.native(path),
  );
  if (real?.startsWith(`${store ?? ""}${sep}`)) return;
  throw misplaced(
    directory,
    `it is a symbolic link to "${real ?? ""}", which is outside of the store`,
  );
}
