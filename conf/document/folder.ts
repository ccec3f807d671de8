import { statSync } from "node:fs";
import { translateErrno } from "./errno.ts";
import { checkOthersCannotWrite, checkOwner } from "./ownership.ts";
import { configurationError, fact } from "./problem.ts";

/**
 * Refuses a folder to which others than root can add, and one whose names could not be read.
 *
 * @param trouble the system's error, where it gave no names
 * @param rules what the folder is called in messages, such as `folder of cluster files`, and what to do without it
 * @throws CniError 7 for a folder that is missing, no folder, or not root's alone; CniError 5 where reading fails
 */
export function checkFolder(
  path: string,
  trouble: unknown,
  rules: { readonly kind: string; readonly fixIfMissing: string },
): void {
  const subject = `${rules.kind} "${path}"`;
  try {
    const stats = statSync(path);
    const problem = stats.isDirectory()
      ? (checkOwner(path, stats) ?? checkOthersCannotWrite(path, stats))
      : fact("it is not a folder", `move it away, then: mkdir ${path}`);
    if (problem !== undefined) throw configurationError(subject, problem);
    if (trouble !== undefined) throw trouble as Error;
  } catch (error) {
    throw translateErrno(error, subject, rules.fixIfMissing);
  }
}
