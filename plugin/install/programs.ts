import {
  existsSync,
  lstatSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { sameContent } from "./same-content.ts";
import { makeFolder } from "../../files/folder.ts";
import {
  isProgram,
  PROGRAM,
  replaceByCopy,
  replaceByLink,
  replaceFile,
} from "../../files/replace.ts";

/** What is installed. */
export interface Programs {
  /** The launcher's bytes. */
  readonly launcher: Uint8Array;
  /** The path of the full binary. */
  readonly full: string;
}

/** What runtimes start. */
const LAUNCHER = "crosslink";
/** What the launcher becomes; plugin/launcher/launcher.c knows the name. */
const FULL = "crosslink.full";
const IPAM = "crosslink-ipam";

/**
 * Puts the full binary, then the launcher, which needs it, and the IPAM helper's link into a folder.
 * What is there already stays as it is.
 *
 * @returns the paths that changed
 */
export function installPrograms(folder: string, programs: Programs): string[] {
  makeFolder(folder, 0o755);
  const [full, launcher, ipam] = [FULL, LAUNCHER, IPAM].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  const changed: string[] = [];
  const change = (path: string, write: () => void): void => {
    write();
    changed.push(path);
  };
  if (!isSameProgram(full, programs.full)) {
    change(full, () => {
      replaceByCopy(full, programs.full);
    });
  }
  if (!isProgram(launcher, programs.launcher)) {
    change(launcher, () => {
      replaceFile(launcher, programs.launcher, PROGRAM);
    });
  }
  if (!isLinkTo(ipam, LAUNCHER)) {
    change(ipam, () => {
      replaceByLink(ipam, LAUNCHER);
    });
  }
  return changed;
}

/** Removes what {@link installPrograms} wrote, and what the full binary unpacked beside itself. Returns the paths. */
export function removePrograms(folder: string): string[] {
  const unpacked = listNames(folder).filter((name) =>
    /^\.crosslink-[0-9a-f]{16}\.node$/.test(name),
  );
  const paths = [IPAM, LAUNCHER, FULL, ...unpacked]
    .map((name) => join(folder, name))
    .filter((path) => lstatSync(path, { throwIfNoEntry: false }) !== undefined);
  for (const path of paths) rmSync(path);
  return paths;
}

/** The path of the full binary in a folder. */
export function fullBinary(folder: string): string {
  return join(folder, FULL);
}

function isSameProgram(installed: string, source: string): boolean {
  const found = statSync(installed, { throwIfNoEntry: false });
  const wanted = statSync(source);
  if (found === undefined || (found.mode & 0o7777) !== PROGRAM.mode)
    return false;
  if (found.dev === wanted.dev && found.ino === wanted.ino) return true;
  return found.size === wanted.size && sameContent(installed, source);
}

function isLinkTo(path: string, target: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isSymbolicLink() === true && readlinkSync(path) === target;
}

function listNames(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
