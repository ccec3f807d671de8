import { type BigIntStats, lstatSync, statSync } from "node:fs";
import {
  clusterFiles,
  type FolderNames,
  placesIn,
} from "../../conf/folder-names.ts";

/** What a folder of cluster files looks like from outside. */
export interface FolderAge {
  /**
   * When the newest of its files changed, or the folder itself, in nanoseconds since 1970; undefined where there is no
   * folder. By ctime, which no copy can bring along: what was put in place last is the newest.
   */
  readonly newest?: bigint;
  readonly hasFiles: boolean;
}

/** Looks at the times of a folder and its files. Throws nothing. */
export function folderAge(names: FolderNames): FolderAge {
  const { folder } = names;
  let newest: bigint | undefined;
  for (const path of [folder, ...placesIn(names)])
    for (const changed of changesOf(path))
      if (newest === undefined || changed > newest) newest = changed;
  const hasFiles = clusterFiles(names).length > 0;
  return newest === undefined ? { hasFiles } : { newest, hasFiles };
}

/**
 * Whether files are older than those that this node was set up by: then they are somebody's picture of yesterday, such as
 * an old mount in a container that still runs. What lies in the future says nothing: a clock was wrong.
 */
export function isOlder(
  newest: bigint | undefined,
  remembered: bigint | undefined,
  now: bigint = BigInt(Date.now()) * 1_000_000n,
): boolean {
  if (newest === undefined || remembered === undefined) return false;
  return newest < remembered && remembered <= now;
}

/** Of a link and what it leads to both count; nothing that is not there does. */
function changesOf(path: string): bigint[] {
  const own = statOf(() => lstatSync(path, { bigint: true }));
  const led = own?.isSymbolicLink()
    ? statOf(() => statSync(path, { bigint: true }))
    : undefined;
  return [own, led].flatMap((stat) => stat?.ctimeNs ?? []);
}

function statOf(read: () => BigIntStats): BigIntStats | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
