import { existsSync } from "node:fs";
import type { Attachment, Request } from "../../cni/request.ts";
import { readConfiguration } from "../configuration/network.ts";
import { type IpamContext, placeOf } from "../context.ts";
import { withStore } from "../store/disk.ts";
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
  const freed = withStore(place, (store) =>
    [...store.entries()]
      .filter(({ reservation }) => isStale(reservation, validAttachments))
      .map(({ address }) => address)
      .filter(store.free),
  );
  if (freed.length === 0) return;
  syncDirectory(place.directory);
  removeNotes(place, freed);
  removeNotesFolder(place);
}

/** Whether nobody will ever free a reservation. */
function isStale(
  reservation: Reservation,
  valid: readonly Attachment[],
): boolean {
  switch (reservation.kind) {
    case "held":
      return !valid.some(
        ({ containerID, ifname }) =>
          containerID === reservation.containerID &&
          ifname === reservation.ifname,
      );
    case "legacy":
      return !valid.some(
        ({ containerID }) => containerID === reservation.containerID,
      );
    case "empty":
      // Whoever creates a file holds the lock until it is written, and now we hold it
      return true;
    case "foreign":
      return false;
  }
}
