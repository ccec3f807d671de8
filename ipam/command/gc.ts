import { existsSync } from "node:fs";
import type { Attachment, Request } from "../../cni/request.ts";
import { diff, type Kind } from "../../diff/diff.ts";
import { readConfiguration } from "../configuration/network.ts";
import { type IpamContext, placeOf } from "../context.ts";
import { withStore } from "../store/disk.ts";
import type { ReservationFile } from "../folder/census.ts";
import { syncDirectory } from "../folder/durable.ts";
import { removeNotes, removeNotesFolder } from "../folder/notes.ts";
import type { Reservation } from "../folder/reservation.ts";

/**
 * GC: frees the addresses of attachments that are no longer valid, and those that a killed program left without an
 * owner. Without a list of valid attachments nothing is known to be stale, and nothing is done. Files that are no
 * reservations are left alone.
 */
export function gc(request: Request, context: IpamContext): void {
  const { validAttachments } = request;
  const configuration = readConfiguration(request);
  const place = placeOf(configuration, context);
  if (validAttachments === undefined || !existsSync(place.directory)) return;
  const valid = validAttachments.flatMap(reservationsOf);
  const freed = withStore(place, (store) =>
    diff(valid, [...store.entries()], RESERVATIONS)
      .stale.map(({ address }) => address)
      .filter(store.free),
  );
  if (freed.length === 0) return;
  syncDirectory(place.directory);
  removeNotes(place, freed);
  removeNotesFolder(place);
}

/**
 * Reservations beside the attachments that are valid. An empty one is nobody's: whoever creates a file holds the lock until it
 * is written, and now we hold it.
 */
const RESERVATIONS: Kind<Reservation, ReservationFile> = {
  identity: (object) =>
    holderOf("reservation" in object ? object.reservation : object),
  owns: ({ reservation }) => reservation.kind !== "foreign",
  equals: () => true,
};

function holderOf(reservation: Reservation): string {
  switch (reservation.kind) {
    case "held":
      return `${reservation.containerID} ${reservation.ifname}`;
    case "legacy":
      return reservation.containerID;
    default:
      return "";
  }
}

/** As either kind of file says it. */
function reservationsOf({ containerID, ifname }: Attachment): Reservation[] {
  return [
    { kind: "held", containerID, ifname },
    { kind: "legacy", containerID },
  ];
}
