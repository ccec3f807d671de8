import {
  type Binding,
  type FileEvent,
  type FileWatch,
  IN_IGNORED,
  IN_MASK_ADD,
  openFileWatch,
  watchReadable,
} from "../../../native/index.ts";
import type { Log } from "../../kernel/log.ts";
import type { PathWatch } from "./path-watch.ts";
import type { ChangeSource } from "./source.ts";
import { type Effect, worst } from "./effect.ts";

/** A source that follows files and folders as they come and go. */
export interface FileSource extends ChangeSource {
  /** Watches these places and no others; to be called with what there is whenever anything changed. */
  readonly rearm: (watches: () => readonly PathWatch[]) => void;
}

type Watched = ReadonlyMap<number, readonly PathWatch[]>;

/** Tells of changes in places. Throws NetlinkError where there is no inotify. */
export function fileSource(binding: Binding, log: Log): FileSource {
  const queue = openFileWatch(binding);
  let watched: Watched = new Map();
  let isBlind = false;
  return {
    drain: () => {
      const told = queue.read().map((event) => judge(event, watched));
      return isBlind ? "harm" : worst(told);
    },
    watch: (callback) => watchReadable(binding, queue.fd, callback),
    close: () => binding.close(queue.fd),
    rearm: (watches) => {
      try {
        watched = arm(queue, watches(), watched);
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

function judge({ watch, mask, name }: FileEvent, watched: Watched): Effect {
  if (watch === -1) return "harm"; // events were lost
  if ((mask & IN_IGNORED) !== 0) return "nothing"; // the last of a watch: what ended it was told before
  return worst((watched.get(watch) ?? []).map((place) => place.judge(name)));
}

/** Watches all places and no others. Nothing that happens meanwhile is lost: an inode is never without the wanted events. */
function arm(
  queue: FileWatch,
  watches: readonly PathWatch[],
  before: Watched,
): Watched {
  const watched = new Map<number, PathWatch[]>();
  const paths = new Map<number, { path: string; mask: number }>();
  for (const place of watches) {
    const watch = tryAdd(queue, place.path, place.mask | IN_MASK_ADD);
    if (watch === undefined) continue;
    const mask = place.mask | (paths.get(watch)?.mask ?? 0);
    paths.set(watch, { path: place.path, mask });
    watched.set(watch, [...(watched.get(watch) ?? []), place]);
  }
  for (const watch of before.keys())
    if (watched.has(watch)) narrow(queue, watch, paths);
    else queue.remove(watch);
  return watched;
}

/** What was watched for other reasons before tells no more than is wanted now. */
function narrow(
  queue: FileWatch,
  watch: number,
  paths: ReadonlyMap<number, { path: string; mask: number }>,
): void {
  const { path = "", mask = 0 } = paths.get(watch) ?? {};
  tryAdd(queue, path, mask);
}

/** What cannot be there, or cannot be read, is told of by its folder when that changes. */
const NO_PLACE: ReadonlySet<unknown> = new Set([
  "ENOENT",
  "ENOTDIR",
  "EACCES",
  "ELOOP",
]);

function tryAdd(
  queue: FileWatch,
  path: string,
  mask: number,
): number | undefined {
  try {
    return queue.add(path, mask);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    if (NO_PLACE.has(code)) return undefined;
    throw error;
  }
}
