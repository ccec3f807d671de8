import { type Stats, statSync } from "node:fs";
import { dirname } from "node:path";
import { CniError, ErrorCode } from "../../cni/error.ts";
import { isErrno } from "../../files/errno.ts";

/** What keeps a folder of the node from being written to, by errno: the fact, and what to do. */
const TROUBLES: ReadonlyMap<string, (folder: string) => Words> = new Map([
  ["EROFS", readOnly],
  ["ENOSPC", noSpace],
  ["EDQUOT", noSpace],
  ["EEXIST", noFolder],
  ["ENOTDIR", noFolder],
]);

type Words = readonly [fact: string, remedy: string];

function readOnly(folder: string): Words {
  return [
    "it is mounted read-only",
    `make it writable: mount -o remount,rw $(findmnt -nro TARGET -T ${folder}). On a system that is read-only by design have the runtime look in another folder`,
  ];
}

function noSpace(folder: string): Words {
  return [
    "there is no space left",
    `crosslink takes about 120 MB: make room (df -h ${folder}), then run \`crosslink install\` again; what stands there is whole`,
  ];
}

function noFolder(folder: string): Words {
  const above = fileAbove(folder);
  if (above === undefined)
    return [
      "it is a file",
      `move that out of the way: mv ${folder} ${folder}.old`,
    ];
  return [
    `"${above}" on its path is a file`,
    `a folder has to be there: find out whose file that is (ls -l ${above}), take it away, and run \`crosslink install\` again`,
  ];
}

/** The file that a path leads below, where it does. */
function fileAbove(path: string): string | undefined {
  const parent = dirname(path);
  if (parent === path) return undefined;
  const found = statAt(parent);
  if (found === undefined) return fileAbove(parent);
  return found.isDirectory() ? undefined : parent;
}

function statAt(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined; // not there, or below a file
  }
}

/** Works in a folder of the node. @throws CniError 5 with what to do where the system does not let it */
export function inFolder<Result>(folder: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    const words = isErrno(error) ? TROUBLES.get(error.code) : undefined;
    if (words === undefined) throw error;
    const [fact, remedy] = words(folder);
    throw new CniError(
      ErrorCode.io,
      `Cannot install into "${folder}": ${fact}`,
      { details: remedy, cause: error },
    );
  }
}

/** A path that is mistyped would be made, and filled. @throws CniError 7 */
export function requireRootFolder(root: string, isThere: boolean): void {
  if (isThere) return;
  throw new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot install below "${root}": there is no such folder`,
    {
      details:
        "--root is where the node's root is mounted, such as /host in a container; leave it out on the node itself",
    },
  );
}
