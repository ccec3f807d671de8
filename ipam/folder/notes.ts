import {
  type BigIntStats,
  lstatSync,
  readlinkSync,
  symlinkSync,
  unlinkSync,
} from "node:fs";
import { join } from "node:path";
import type { Attachment } from "../../cni/request.ts";
import {
  makeMemoryDirectory,
  memoryDirectory,
  removeMemoryDirectory,
} from "./memory.ts";
import type { NetworkFolder } from "./network-folder.ts";
import type { Reservation } from "./reservation.ts";
import { asAid } from "./scratch.ts";

/** Whose address it is, and what was known of the container's network namespace. */
export interface Note extends Attachment {
  /** Where the namespace was; empty where nobody said. */
  readonly netns: string;
  /** Whether there was a namespace when this was noted, so that its absence later means something. */
  readonly seen: boolean;
  /** The kernel's boot in which the reservation was there. */
  readonly boot: string;
}

const SEEN = "seen";

/**
 * Notes what host-local's files have no place for: the namespace that addresses were given to, and in which boot. A
 * symbolic link whose target is the note is written and read in one system call each. Not brought to disk on purpose:
 * a note that a crash takes leaves a reservation of which nothing is known, and that is kept.
 */
export function writeNotes(
  place: NetworkFolder,
  addresses: readonly string[],
  { containerID, ifname, netns, seen, boot }: Note,
): void {
  const said = [containerID, ifname, netns, seen ? SEEN : "", boot];
  removeNotes(place, addresses);
  asAid(() => {
    const folder = makeMemoryDirectory(place);
    for (const address of addresses) {
      const target = [...said, stampOf(place, address)].join("\n");
      symlinkSync(target, join(folder, address));
    }
  });
}

/** Removes the notes of addresses that were freed. */
export function removeNotes(
  place: NetworkFolder,
  addresses: readonly string[],
): void {
  for (const address of addresses) {
    asAid(() => {
      unlinkSync(join(memoryDirectory(place), address));
    });
  }
}

/** Removes the folder of notes once a network has none. */
export function removeNotesFolder(place: NetworkFolder): void {
  asAid(() => {
    removeMemoryDirectory(place);
  });
}

/** The note about the very file that a reservation was read from; undefined where there is none. */
export function readNote(
  place: NetworkFolder,
  address: string,
  reservation: Reservation,
): Note | undefined {
  const owner = ownerOf(reservation);
  const target = asAid(() =>
    readlinkSync(join(memoryDirectory(place), address)),
  );
  if (owner === undefined || target === undefined) return undefined;
  const [containerID, ifname, netns = "", seen, boot = "", stamp] =
    target.split("\n");
  const same =
    containerID === owner.containerID &&
    ifname === owner.ifname &&
    stamp === asAid(() => stampOf(place, address));
  return same ? { ...owner, netns, seen: seen === SEEN, boot } : undefined;
}

/** Whose a reservation is: of one without an interface, the container's. */
export function ownerOf(reservation: Reservation): Attachment | undefined {
  switch (reservation.kind) {
    case "held":
      return {
        containerID: reservation.containerID,
        ifname: reservation.ifname,
      };
    case "legacy":
      return { containerID: reservation.containerID, ifname: "" };
    case "empty":
    case "foreign":
      return undefined;
  }
}

/**
 * Tells a file from an earlier or later one of the same name, whoever wrote it: a container that is started again keeps
 * its ID, and host-local, which reserves anew, makes no notes. Only ever compared, so that no clock has to be right.
 */
function stampOf({ directory }: NetworkFolder, address: string): string {
  const { ino, mtimeNs }: BigIntStats = lstatSync(join(directory, address), {
    bigint: true,
  });
  return `${ino}:${mtimeNs}`;
}
