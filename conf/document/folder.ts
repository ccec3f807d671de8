import { readdirSync, statSync } from "node:fs";
import { translateErrno } from "./errno.ts";
import { checkOthersCannotWrite, checkOwner } from "./ownership.ts";
import { configurationError, fact } from "./problem.ts";

/**
 * The names of a folder's entries, once it is known that only root can add to them.
 *
 * @param rules what the folder is called in messages, such as `folder of cluster files`, and what to do without it
 * @throws CniError 7 for a folder that is missing, no folder, or not root's alone; CniError 5 where reading fails
 */
export function readFolderChecked(
  path: string,
  rules: { readonly kind: string; readonly fixIfMissing: string },
): string[] {
  const subject = `${rules.kind} "${path}"`;
  try {
    const stats = statSync(path);
    const problem = stats.isDirectory()
      ? (checkOwner(path, stats) ?? checkOthersCannotWrite(path, stats))
      : fact("it is not a folder", `move it away, then: mkdir ${path}`);
    if (problem !== undefined) throw configurationError(subject, problem);
    return readdirSync(path);
  } catch (error) {
    throw translateErrno(error, subject, rules.fixIfMissing);
  }
}
