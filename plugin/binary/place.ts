import { lstatSync, mkdirSync, realpathSync, type Stats } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Folders to unpack the addon into, best first.
 *
 * Code can be executed beside the executable by definition, and whoever may write there owns us already. The
 * others serve where that folder is read-only: /run, /tmp and /dev/shm are often mounted noexec, /var/lib seldom.
 */
export function places(besideExecutable: string): string[] {
  const others = ["/var/lib", "/run", "/tmp", "/dev/shm"];
  return [
    besideExecutable,
    ...others.map((folder) => join(folder, "crosslink")),
  ];
}

/** Makes a folder of {@link places} where it is missing, for root only, in a parent that must exist. */
export function makePlace(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another copy of us was faster, or it was there before: whether it is safe is looked at next.
    if (!isErrno(error, "EEXIST")) throw error;
  }
}

/**
 * Throws unless nobody but root (or this process' own user) can change what `folder` holds, or put another folder
 * in its place: every folder on the way belongs to root and is closed to others, or has the sticky bit.
 */
export function requireSafe(folder: string): void {
  const own = lstatSync(folder);
  if (!own.isDirectory()) throw new Error("it is not a folder");
  if ((own.mode & 0o022) !== 0) throw new Error(writableByOthers(own));
  for (let path = realpathSync(folder); ; path = dirname(path)) {
    const found = lstatSync(path);
    if (!isTrusted(found.uid)) {
      throw new Error(`"${path}" belongs to user ${found.uid}, not to root`);
    }
    const sticky = (found.mode & 0o1000) !== 0;
    if ((found.mode & 0o022) !== 0 && !sticky) {
      throw new Error(`"${path}": ${writableByOthers(found)}`);
    }
    if (path === "/") return;
  }
}

/** Whether files of this user are as good as our own. */
export function isTrusted(uid: number): boolean {
  return uid === 0 || uid === process.geteuid?.();
}

/** Whether a system call failed with this errno, such as "ENOENT". */
export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

function writableByOthers({ mode }: Stats): string {
  return `others may write to it (mode ${(mode & 0o7777).toString(8).padStart(4, "0")})`;
}
