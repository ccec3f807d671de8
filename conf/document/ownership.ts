import { accessSync, constants, type Stats } from "node:fs";
import { isErrno } from "../../files/errno.ts";
import { fact, type Problem } from "./problem.ts";

/** Owned by root; a file of another owner can change at any time. */
export function checkOwner(path: string, stats: Stats): Problem | undefined {
  if (stats.uid === 0) return undefined;
  const run = `run: chown root:root ${quoteForShell(path)}`;
  return fact(`it belongs to user ${stats.uid}, want root`, run);
}

/**
 * Not writable by others, or by a group other than root's.
 *
 * A read-only mount passes: kubelet makes the mount point of a ConfigMap or Secret 0777, and mounts it read-only.
 */
export function checkOthersCannotWrite(
  path: string,
  stats: Stats,
): Problem | undefined {
  const byGroup = (stats.mode & 0o020) !== 0 && stats.gid !== 0;
  const byOthers = (stats.mode & 0o002) !== 0;
  if (!(byGroup || byOthers) || isReadOnlyMount(path)) return undefined;
  const who = byOthers ? "everyone" : `group ${stats.gid}`;
  return fact(
    `${who} can write to it (mode ${formatMode(stats)})`,
    `run: chmod go-w ${quoteForShell(path)}`,
  );
}

/** Permission bits as chmod takes them. */
export function formatMode(stats: Stats): string {
  return (stats.mode & 0o7777).toString(8).padStart(4, "0");
}

/** A path as one word of a shell command. */
export function quoteForShell(path: string): string {
  if (/^[\w@%+=:,./-]+$/.test(path)) return path;
  return `'${path.replaceAll("'", `'\\''`)}'`;
}

/** Root may write whatever the mode says, but not to a read-only mount: access(2), EROFS. */
function isReadOnlyMount(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return false;
  } catch (error) {
    return isErrno(error, "EROFS");
  }
}
