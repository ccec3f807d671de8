import { CniError, ErrorCode } from "../../cni/error.ts";
import {
  appendTo,
  isReadable,
  listConfigurations,
  nodeConflist,
  removeFrom,
} from "./conflists.ts";
import { addDropIn, removeDropIns } from "./drop-in.ts";
import { below, nodeFolders } from "./node-folders.ts";
import {
  fullBinary,
  installPrograms,
  type Programs,
  removePrograms,
} from "./programs.ts";
import { requireRunnable } from "./trial.ts";
import { programUsers } from "./users.ts";

/** Where to install. */
export interface Target {
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
 * @param tell is called with a sentence for each thing that changed
 * @throws CniError where a step fails; those before it stay, and harm nobody
 */
export function install(
  programs: Programs,
  target: Target & { readonly dropIn: boolean; readonly wait?: boolean },
  tell: (sentence: string) => void,
): void {
  const folders = nodeFolders(target.root);
  for (const path of installPrograms(folders.programs, programs))
    tell(`Wrote ${path}`);
  if (folders.root === "/") requireRunnable(fullBinary(folders.programs));
  if (target.wait === true) waitForConflist(folders.conflists);
  const conflist =
    target.conflist === undefined
      ? nodeConflist(folders.conflists)
      : below(folders.root, target.conflist);
  if (target.dropIn) {
    const file = addDropIn(conflist);
    if (file !== undefined) tell(`Wrote ${file}`);
  } else if (appendTo(conflist)) {
    tell(`Appended crosslink to ${conflist}`);
  }
}

/** How often a new node's folder is looked at, in milliseconds. */
const WAIT_PAUSE = 1000;

function waitForConflist(folder: string): void {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  while (!listConfigurations(folder).some(isReadable))
    Atomics.wait(cell, 0, 0, WAIT_PAUSE);
}

/**
 * Undoes {@link install}: first what leads to the programs, and the programs last, when no pod needs them any more.
 *
 * @param force removes the programs even so
 * @throws CniError 11 where programs are needed still, and who needs them
 */
export function uninstall(
  target: Target & { readonly force: boolean },
  tell: (sentence: string) => void,
): void {
  const folders = nodeFolders(target.root);
  const conflists =
    target.conflist === undefined
      ? listConfigurations(folders.conflists).filter(isReadable)
      : [below(folders.root, target.conflist)];
  for (const conflist of conflists)
    if (removeFrom(conflist)) tell(`Took crosslink out of ${conflist}`);
  for (const file of removeDropIns(folders.conflists)) tell(`Removed ${file}`);
  const users = target.force ? [] : programUsers(folders);
  if (users.length > 0) throw stillUsed(folders.programs, users);
  for (const path of removePrograms(folders.programs)) tell(`Removed ${path}`);
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
