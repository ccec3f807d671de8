import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes a folder and those above it, as far as they are missing.
 *
 * Not mkdirSync's `recursive`: where a file system refuses a name with ENOENT, as /proc does, that tries for ever
 * (Node 24).
 *
 * @returns the folders that were made, outermost first
 */
export function makeFolders(path: string, mode: number): readonly string[] {
  const missing: string[] = [];
  for (let at = path; !existsSync(at) && at !== dirname(at); at = dirname(at)) {
    missing.unshift(at);
  }
  return missing.filter((folder) => makeFolder(folder, mode));
}

/** False when another process was faster. */
function makeFolder(folder: string, mode: number): boolean {
  try {
    mkdirSync(folder, { mode });
    return true;
  } catch (error) {
    if (existsSync(folder)) return false;
    throw error;
  }
}
