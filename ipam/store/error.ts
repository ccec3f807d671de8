import { CniError, ErrorCode } from "../../cni/error.ts";
import { toCniError } from "../../cni/translate.ts";

/** What to do about the errors that a store meets, by errno. */
const ADVICE: ReadonlyMap<string, string> = new Map([
  ["ENOSPC", "the disk is full: free space or inodes on it"],
  ["EDQUOT", "the disk quota is used up: raise it or free space"],
  [
    "EROFS",
    "the file system is mounted read-only: remount it writable, or set /ipam/dataDir",
  ],
  ["EACCES", "this process may not write there: IPAM plugins run as root"],
  ["EPERM", "this process may not write there: IPAM plugins run as root"],
]);

/** Runs `work` on a path; a system error says what was being done, where, and what to do next. */
export function onDisk<Value>(action: string, work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    if (error instanceof CniError) throw error;
    const known = toCniError(error, action);
    const errno = errnoOf(error);
    const advice = errno === undefined ? undefined : ADVICE.get(errno);
    throw new CniError(known.code, known.message, {
      details: [known.details, advice].filter(Boolean).join("; "),
      cause: error,
    });
  }
}

/** The store holds something that doesn't belong there. */
export function misplaced(path: string, fact: string): CniError {
  return new CniError(ErrorCode.io, `Cannot use "${path}": ${fact}`, {
    details: "nothing was changed; look at it, then move it away",
  });
}

/** A system error's errno name, such as "ENOENT". */
export function errnoOf(error: unknown): string | undefined {
  const code: unknown =
    error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}
