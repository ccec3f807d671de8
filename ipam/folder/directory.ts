import { lstatSync, realpathSync, statSync } from "node:fs";
import { dirname, sep } from "node:path";
import { syncDirectory } from "./durable.ts";
import { misplaced, onDisk } from "./error.ts";
import { makeFolders } from "./folders.ts";

/**
 * Makes sure that a network's folder exists, durably, mode 0755 as host-local makes it.
 *
 * The folder that holds all networks may be reached over symbolic links; the network's own must not lead out of it.
 */
export function ensureDirectory(directory: string): void {
  const made = onDisk(`make the folder "${directory}"`, () =>
    makeFolders(directory, 0o755),
  );
  for (const folder of made) syncDirectory(dirname(folder));
  if (lstatSync(directory).isSymbolicLink()) requireInside(directory);
  if (!statSync(directory).isDirectory()) {
    throw misplaced(directory, "it is not a folder");
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
