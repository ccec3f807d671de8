import { CniError, ErrorCode } from "../../cni/error.ts";
import { isErrno } from "../../files/errno.ts";
import { readSmallFile } from "../../files/read.ts";

/** Longer than any invitation or kubeconfig, and as long as a cluster of 5,000 nodes; bytes. */
const LIMIT = { byteLimit: 4 * 1024 * 1024 };

/**
 * The text of a file that an admin names.
 *
 * @param kind what it is to be
 * @param details what to do where it cannot be read
 * @throws CniError 7 where it is not there, 5 where it cannot be read
 */
export function readGiven(path: string, kind: string, details: string): string {
  try {
    return readSmallFile(path, LIMIT) ?? "";
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new CniError(
      error.code === "ENOENT" ? ErrorCode.invalidConfiguration : ErrorCode.io,
      `Cannot read ${kind} "${path}": ${error.code}`,
      { details, cause: error },
    );
  }
}
