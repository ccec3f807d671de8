import { readdirSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { CniError, ErrorCode } from "../../cni/error.ts";
import { makeFolder } from "../../files/folder.ts";
import { isErrno } from "../../files/errno.ts";
import { readSmallFile } from "../../files/read.ts";
import { readConflist } from "./conflists.ts";
import { replaceFile } from "../../files/replace.ts";

/** After what other programs drop there: crosslink is the last of the chain. */
const NAME = "99-crosslink.conf";
const CONTENT = '{ "type": "crosslink" }\n';
const RIGHTS = { mode: 0o644, uid: 0, gid: 0 };

/**
 * Adds crosslink to a network by a file of its own, which outlives a base plugin that rewrites its
 * conflist: libcni from 1.3 on appends the plugins in `<folder of conflists>/<network>/*.conf`.
 *
 * @returns the file's path; undefined where it is there already
 * @throws CniError 7 for a network that takes no such files
 */
export function addDropIn(conflist: string): string | undefined {
  const folder = join(dirname(conflist), networkName(conflist));
  const file = join(folder, NAME);
  if (isOurDropIn(file)) return undefined;
  makeFolder(folder, 0o755);
  replaceFile(file, CONTENT, RIGHTS);
  return file;
}

/** Removes crosslink's files from all networks of a folder. Returns their paths. */
export function removeDropIns(conflists: string): string[] {
  const found = foldersIn(conflists)
    .map((folder) => join(folder, NAME))
    .filter(isOurDropIn);
  for (const file of found) {
    rmSync(file);
    removeIfEmpty(dirname(file));
  }
  return found;
}

/** The network's name, which becomes a folder's. */
function networkName(conflist: string): string {
  const value = JSON.parse(readConflist(conflist)) as Record<string, unknown>;
  const { name, loadOnlyInlinedPlugins } = value;
  // SPEC.md 1.1.0 §1 "Network configuration": what a name may be.
  if (typeof name !== "string" || !/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name))
    throw refusal(conflist, "it has no valid name");
  if (String(loadOnlyInlinedPlugins).toLowerCase() === "true")
    throw refusal(conflist, 'it says "loadOnlyInlinedPlugins"');
  return name;
}

function isOurDropIn(file: string): boolean {
  try {
    return readSmallFile(file, { byteLimit: CONTENT.length }) === CONTENT;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENXIO")) return false;
    throw error;
  }
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(folder, name));
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw error;
  }
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    if (!isErrno(error, "ENOTEMPTY")) throw error;
  }
}

function refusal(conflist: string, fact: string): CniError {
  return new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot drop crosslink in beside "${conflist}": ${fact}`,
    { details: "leave --drop-in out, to change the conflist itself" },
  );
}
