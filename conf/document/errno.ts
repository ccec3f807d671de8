import { adviceFor } from "../../cni/advice.ts";
import { isErrno } from "../../files/errno.ts";
import { CniError, ErrorCode } from "../../cni/error.ts";
import { configurationError, fact } from "./problem.ts";

/** What is wrong with a path that can't be opened, where the configuration is to blame. */
const facts: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "it does not exist, or is a link to nothing"],
  ["ENOTDIR", "a part of its path is not a folder"],
  ["ELOOP", "its links lead in a circle"],
  ["ENXIO", "it is a socket, want a regular file"],
  ["ENAMETOOLONG", "its path is too long"],
]);

/**
 * The error for a system call that failed on a path of the configuration: code 7 where the path names the wrong
 * thing, code 5 where the kernel can't read the right one. Any other error comes back as it is.
 *
 * @param fixIfMissing what to do where nothing is at the path
 */
export function translateErrno(
  error: unknown,
  subject: string,
  fixIfMissing: string,
): unknown {
  if (holdsNul(error))
    return configurationError(subject, fact("its path holds a NUL character"));
  if (!isErrno(error)) return error;
  const known = facts.get(error.code);
  if (known !== undefined) {
    const fix = error.code === "ENOENT" ? fixIfMissing : undefined;
    return configurationError(subject, fact(known, fix));
  }
  return new CniError(
    ErrorCode.io,
    `Cannot read ${subject}: ${error.syscall ?? "read"}: ${error.code}`,
    { details: adviceFor(error.code, ErrorCode.io), cause: error },
  );
}

/** Node refuses such a path before any system call could. */
function holdsNul(error: unknown): boolean {
  return (
    error instanceof TypeError &&
    "code" in error &&
    error.code === "ERR_INVALID_ARG_VALUE"
  );
}
