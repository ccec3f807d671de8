import { lstatSync, readdirSync, readlinkSync } from "node:fs";
import { basename, dirname, isAbsolute, join } from "node:path";
import {
  IN_ATTRIB,
  IN_CLOSE_WRITE,
  IN_CREATE,
  IN_DELETE,
  IN_DELETE_SELF,
  IN_MODIFY,
  IN_MOVE_SELF,
  IN_MOVED_FROM,
  IN_MOVED_TO,
} from "../../../native/index.ts";
import type { Effect } from "./effect.ts";

/** Names in a folder, which may not exist yet, and what a change of each means. */
export interface Interest {
  readonly folder: string;
  readonly judge: (name: string) => Effect;
  /** Whether owner and mode of the folder and its files matter, too. */
  readonly guarded?: boolean;
  /** False where nobody waits for what is missing. */
  readonly awaited?: boolean;
}

/** One file or folder to watch, the events to watch it for, and what each means; the name is empty for the place itself. */
export interface PathWatch {
  readonly path: string;
  readonly mask: number;
  readonly judge: (name: string) => Effect;
}

/** What happens to a folder itself: of its content, and of who is busy there, these tell nothing. */
const OWN_END = IN_DELETE_SELF | IN_MOVE_SELF;
const COMING = IN_CREATE | IN_MOVED_TO;
const GOING = IN_DELETE | IN_MOVED_FROM;
/** Of a single file. That another was renamed over it shows as IN_ATTRIB: it has a link less. */
const CONTENT = IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | OWN_END;

/**
 * The places that tell of all that matters to an interest, and of as little else as inotify can: each file of concern by
 * itself, the folder for names that come, what links lead over, and the folders above for their end.
 *
 * A folder that is watched for what is written into its files would wake the agent with every line of a log there.
 */
export function watchesOf(interest: Interest): PathWatch[] {
  const { folder, judge, guarded = false, awaited = true } = interest;
  const names = list(folder);
  if (names === undefined)
    return [...linksOn(folder), ...(awaited ? nearestAbove(folder) : [])];
  const concerned = names.filter((name) => judge(name) !== "nothing");
  const own = guarded ? GOING | IN_ATTRIB : 0;
  const above = linksOn(folder);
  // Each file is asked for by itself alone where no link leads to their folder: there may be hundreds.
  const isDirect = above.length === 0;
  return [
    { path: folder, mask: COMING | OWN_END | own, judge: orHarm(judge) },
    ...concerned.flatMap((name) =>
      oneFile(join(folder, name), judge(name), { isDirect }),
    ),
    ...above,
    ...ends(dirname(folder)),
  ];
}

/** The same for one file or socket alone: where it stands, its folder need not tell of others that come and go. */
export function watchesOfFile(interest: Interest, name: string): PathWatch[] {
  const path = join(interest.folder, name);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined && interest.awaited === false) return [];
  if (found === undefined || !(found.isFile() || found.isSocket()))
    return watchesOf(interest);
  const own = interest.guarded === true ? IN_ATTRIB : 0;
  return [
    ...oneFile(path, interest.judge(name)),
    {
      path: interest.folder,
      mask: OWN_END | own,
      judge: orHarm(interest.judge),
    },
    ...linksOn(interest.folder),
    ...ends(dirname(interest.folder)),
  ];
}

function orHarm(judge: (name: string) => Effect): (name: string) => Effect {
  return (name) => (name === "" ? "harm" : judge(name));
}

/** @param how `isDirect` where no link leads to its folder */
function oneFile(
  path: string,
  effect: Effect,
  how: { readonly isDirect: boolean } = { isDirect: false },
): PathWatch[] {
  const links = linksOn(path, how.isDirect ? dirname(path) : "/");
  return [{ path, mask: CONTENT, judge: () => effect }, ...links];
}

/** A folder and all above: where one is moved away, what stands below is another. */
function ends(folder: string): PathWatch[] {
  const judge = orHarm(() => "nothing");
  const here = { path: folder, mask: OWN_END, judge };
  return folder === dirname(folder) ? [here] : [here, ...ends(dirname(folder))];
}

/** The nearest folder that exists, for the name on the way to a missing one. */
function nearestAbove(missing: string): PathWatch[] {
  const parent = dirname(missing);
  if (list(parent) === undefined && parent !== missing)
    return nearestAbove(parent);
  const wanted = basename(missing);
  return [
    {
      path: parent,
      mask: COMING | OWN_END,
      judge: (name) => (name === wanted || name === "" ? "harm" : "nothing"),
    },
    ...ends(dirname(parent)),
  ];
}

/** Links that a path leads over, as many as Linux follows. */
const MOST_LINKS = 40;

/**
 * The folders of the symbolic links on a path, for those links' names: a Kubernetes ConfigMap changes by a link `..data`
 * that gets another target.
 *
 * @param known a folder on the path, to which no link leads
 */
function linksOn(path: string, known = "/"): PathWatch[] {
  const watches: PathWatch[] = [];
  let [done, rest] = [
    known,
    path.slice(known.length).split("/").filter(Boolean),
  ];
  while (rest.length > 0 && watches.length < MOST_LINKS) {
    const [name = "", ...others] = rest;
    const here = join(done, name);
    const target = linkTarget(here);
    if (target === undefined) {
      [done, rest] = [here, others];
      continue;
    }
    watches.push({
      path: done,
      mask: COMING | GOING | OWN_END,
      judge: (changed) =>
        changed === name || changed === "" ? "harm" : "nothing",
    });
    const from = isAbsolute(target) ? "/" : done;
    [done, rest] = [from, [...target.split("/").filter(Boolean), ...others]];
  }
  // Where they lead to may be missing yet.
  const isMissing = lstatSync(done, { throwIfNoEntry: false }) === undefined;
  return watches.length > 0 && isMissing
    ? [...watches, ...nearestAbove(done)]
    : watches;
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined; // no link, or nothing there: whoever reads the files says so
  }
}

function list(folder: string): string[] | undefined {
  try {
    return readdirSync(folder);
  } catch {
    return undefined; // not there, no folder, or not ours to read
  }
}
