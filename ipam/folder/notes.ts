import { readlinkSync, symlinkSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import type { Attachment } from "../../cni/request.ts";
import { makeFolders } from "./folders.ts";
import type { Place } from "./place.ts";
import { asAid, makeScratchDirectory, scratchDirectory } from "./scratch.ts";

/** Whose address it is and where the container's network namespace was when it got it. */
export interface Note extends Attachment {
  readonly netns: string;
}

const FOLDER = "netns";

/**
 * Notes the namespace that addresses were given to, for admins who look for stale ones: host-local's files have no
 * place for it. A symbolic link whose target is the note is written and read in one system call each.
 */
export function writeNotes(
  place: Place,
  addresses: readonly string[],
  note: Note,
): void {
  const target = [note.containerID, note.ifname, note.netns].join("\n");
  asAid(() => {
    const folder = join(makeScratchDirectory(place), FOLDER);
    makeFolders(folder, 0o700);
    removeNotes(place, addresses);
    for (const address of addresses) symlinkSync(target, join(folder, address));
  });
}

/** Removes the notes of addresses that were freed. */
export function removeNotes(place: Place, addresses: readonly string[]): void {
  for (const address of addresses) {
    asAid(() => {
      unlinkSync(join(scratchDirectory(place), FOLDER, address));
    });
  }
}

/** The note of an address; undefined when there is none. It may be about an earlier holder. */
export function readNote(place: Place, address: string): Note | undefined {
  const target = asAid(() =>
    readlinkSync(join(scratchDirectory(place), FOLDER, address)),
  );
  const [containerID, ifname, netns] = target?.split("\n") ?? [];
  if (containerID === undefined || ifname === undefined) return undefined;
  return netns === undefined ? undefined : { containerID, ifname, netns };
}
