import { existsSync, readdirSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Binding } from "../../../native/binding.ts";
import {
  type FileEvent,
  type FileWatch,
  openFileWatch,
} from "../../../native/file-watch.ts";
import { watchReadable } from "../../../native/local.ts";
import type { Log } from "../../kernel/log.ts";
import type { Source } from "./source.ts";
import { type Verdict, worst } from "./verdict.ts";

/** A folder, which may not exist yet, and what a change of a name in it means. */
export interface Interest {
  readonly folder: string;
  readonly judge: (name: string) => Verdict;
}

/** A source that follows folders as they come and go. */
export interface FileSource extends Source {
  /** Watches what there is now of the interests; to be called again when anything changed. */
  readonly rearm: (interests: readonly Interest[]) => void;
}

/**
 * Tells of changes below folders, through symbolic links too: a Kubernetes ConfigMap changes by a link
 * `..data` that gets another target. Throws NetlinkError where there is no inotify.
 */
export function fileSource(binding: Binding, log: Log): FileSource {
  const queue = openFileWatch(binding);
  let watched = new Map<number, Interest[]>();
  let isBlind = false;
  return {
    drain: () => {
      const told = queue.read().map((event) => judge(event, watched));
      return isBlind ? "harm" : worst(told);
    },
    watch: (callback) => watchReadable(binding, queue.fd, callback),
    close: () => binding.close(queue.fd),
    rearm: (interests) => {
      try {
        watched = arm(queue, interests.flatMap(withSurroundings));
        isBlind = false;
      } catch (error) {
        // ENOSPC: fs.inotify.max_user_watches. Whoever sees nothing must look every time.
        if (!isBlind) log("warn", String(error), { effect: BLIND });
        isBlind = true;
      }
    },
  };
}

const BLIND =
  "every call reads all files again, and other changes are found by the slow sweep";

function judge(
  { watch, name }: FileEvent,
  watched: ReadonlyMap<number, readonly Interest[]>,
): Verdict {
  if (watch === -1) return "harm"; // events were lost
  const interests = watched.get(watch) ?? [];
  // Without a name it is the folder itself that changed, or went.
  return worst(
    interests.map((each) => (name === "" ? "harm" : each.judge(name))),
  );
}

function arm(
  queue: FileWatch,
  interests: readonly Interest[],
): Map<number, Interest[]> {
  const watched = new Map<number, Interest[]>();
  for (const interest of interests) {
    const watch = tryAdd(queue, interest.folder);
    if (watch === undefined) continue;
    watched.set(watch, [...(watched.get(watch) ?? []), interest]);
  }
  return watched;
}

function tryAdd(queue: FileWatch, folder: string): number | undefined {
  try {
    return queue.add(folder);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}

/** The folder itself; the folders above, where it may appear or be replaced; and where links in it lead. */
function withSurroundings(interest: Interest): Interest[] {
  return [interest, ...above(interest.folder), ...behindLinks(interest)];
}

/** Up to the first that exists: what happens above that one, it is told of itself. */
function above(folder: string): Interest[] {
  const parent = dirname(folder);
  if (parent === folder) return [];
  const appears = onlyName(parent, basename(folder));
  return existsSync(parent) ? [appears] : [appears, ...above(parent)];
}

function behindLinks({ folder, judge }: Interest): Interest[] {
  const links = listLinks(folder).filter((name) => judge(name) !== "nothing");
  const targets = links.map((name) => realpath(join(folder, name)));
  return targets
    .filter((target) => target !== undefined)
    .map((target) => onlyName(dirname(target), basename(target)));
}

function onlyName(folder: string, wanted: string): Interest {
  return { folder, judge: (name) => (name === wanted ? "harm" : "nothing") };
}

function listLinks(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isSymbolicLink())
      .map(({ name }) => name);
  } catch {
    return []; // not there, or not ours to read: whoever reads the files says so
  }
}

function realpath(link: string): string | undefined {
  try {
    return realpathSync(link);
  } catch {
    return undefined; // it leads nowhere yet
  }
}
