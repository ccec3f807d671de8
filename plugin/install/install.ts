import { existsSync } from "node:fs";
import { CniError, ErrorCode } from "../../cni/error.ts";
import { chooseConflist, findConflist } from "./choice.ts";
import { isCrosslinkEntry, isLastOnce, pluginsOf } from "./conflist-text.ts";
import {
  keepEntry,
  listConfigurations,
  readConflist,
  removeFrom,
  troubleWith,
} from "./conflists.ts";
import { addDropIn, removeDropIns } from "./drop-in.ts";
import { below, type NodeFolders, nodeFolders } from "./node-folders.ts";
import {
  fullBinary,
  installPrograms,
  type Programs,
  removePrograms,
} from "./programs.ts";
import { otherFolders } from "./runtime-folders.ts";
import { requireRunnable } from "./trial.ts";
import { inFolder, requireRootFolder } from "./trouble.ts";
import { programUsers } from "./users.ts";

/** Where to install. */
export interface InstallTarget {
  /** Where the node's root is mounted; "/" unless said otherwise. */
  readonly root?: string;
  /** The conflist, as a path on the node; the one that the runtime uses unless said otherwise. */
  readonly conflist?: string;
}

/**
 * Makes runtimes call crosslink: first the programs, then the conflist that leads to them. To be
 * repeated as one likes.
 *
 * @param wait on a new node, until the base plugin has written its conflist: one of crosslink alone would be taken for the
 *   node's network
 * @param dropIn leaves the conflist alone, and writes a file beside it that libcni from 1.3 on reads
 * @param tell is called with a sentence for each thing that changed, and for each that is good to know
 * @throws CniError where a step fails; those before it stay, and harm nobody
 */
export function install(
  programs: Programs,
  target: InstallTarget & { readonly dropIn: boolean; readonly wait?: boolean },
  tell: Tell,
): void {
  const folders = nodeFolders(target.root);
  requireRootFolder(folders.root, existsSync(folders.root));
  const changed = inFolder(folders.programs, () =>
    installPrograms(folders.programs, programs),
  );
  for (const path of changed) tell(`Wrote ${path}`);
  if (folders.root === "/") requireRunnable(fullBinary(folders.programs));
  for (const sentence of otherFolders(folders)) tell(sentence, "note");
  inFolder(folders.conflists, () => {
    linkConflist(folders, target, tell);
  });
}

function linkConflist(
  folders: NodeFolders,
  target: Parameters<typeof install>[1],
  tell: Tell,
): void {
  if (target.wait === true) waitForConflist(folders.conflists);
  const { path, notes } =
    target.conflist === undefined
      ? chooseConflist(folders.conflists)
      : { path: below(folders.root, target.conflist), notes: [] };
  for (const sentence of notes) tell(sentence, "note");
  if (!target.dropIn) {
    tellEntry(path, tell);
    return;
  }
  const file = addDropIn(path);
  if (file !== undefined) tell(`Wrote ${file}`);
}

/** Says what was done, or found, in a sentence. */
export type Tell = (sentence: string, kind?: "change" | "note") => void;

/** Makes crosslink the last plugin of a conflist, and says how it stood there before. */
function tellEntry(conflist: string, tell: Tell): void {
  const before = readConflist(conflist);
  const count = pluginsOf(before).filter(isCrosslinkEntry).length;
  if (!keepEntry(conflist).isChanged)
    tell(`${conflist} ends with crosslink already`, "note");
  else if (count === 0) tell(`Appended crosslink to ${conflist}`);
  else if (count > 1)
    tell(
      `Left one crosslink of ${String(count)} in ${conflist}, the first one's entry, as its last plugin`,
    );
  else if (!isLastOnce(before))
    tell(
      `Moved crosslink to the end of ${conflist}: plugins that came after it would have changed what it had done`,
    );
}

/** How often a new node's folder is looked at, in milliseconds. */
const WAIT_PAUSE = 1000;

function waitForConflist(folder: string): void {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  while (findConflist(folder) === undefined)
    Atomics.wait(cell, 0, 0, WAIT_PAUSE);
}

/**
 * Undoes {@link install}: first what leads to the programs, and the programs last, when no pod needs them any more.
 *
 * @param force removes the programs even so
 * @throws CniError 11 where programs are needed still, and who needs them
 */
export function uninstall(
  target: InstallTarget & { readonly force: boolean },
  tell: Tell,
): void {
  const folders = nodeFolders(target.root);
  for (const conflist of conflistsOf(target, folders, tell))
    if (removeFrom(conflist)) tell(`Took crosslink out of ${conflist}`);
  for (const file of removeDropIns(folders.conflists)) tell(`Removed ${file}`);
  const users = target.force ? [] : programUsers(folders);
  if (users.length > 0) throw stillUsed(folders.programs, users);
  for (const path of removePrograms(folders.programs)) tell(`Removed ${path}`);
}

/** The one that is named, or all that can be read: crosslink may have been added to several in the course of time. */
function conflistsOf(
  { conflist }: InstallTarget,
  { root, conflists }: NodeFolders,
  tell: Tell,
): string[] {
  if (conflist !== undefined) return [below(root, conflist)];
  return listConfigurations(conflists).filter((path) => {
    const trouble = troubleWith(path);
    if (trouble !== undefined)
      tell(`Passed over ${path}: ${trouble}. It may name crosslink`, "note");
    return trouble === undefined;
  });
}

/** As many names as a reader takes in. */
const SHOWN = 10;

function stillUsed(folder: string, users: readonly string[]): CniError {
  const more =
    users.length > SHOWN ? [`and ${String(users.length - SHOWN)} more`] : [];
  return new CniError(
    ErrorCode.tryAgainLater,
    `Cannot remove the programs in "${folder}" yet: they are needed`,
    {
      details: `${[...users.slice(0, SHOWN), ...more].join("; ")}. Run \`crosslink uninstall\` again when that is over, or with --force where the runtime deletes pods by its current conflist, as containerd does`,
    },
  );
}
