import { readdirSync } from "node:fs";
import type { Attachment } from "../../cni/request.ts";
import { isAddressName } from "../address.ts";
import { readWhole } from "./files.ts";
import {
  readReservation,
  type Reservation,
  reservationByteLimit,
} from "./reservation.ts";

/** A reservation's file: its name, and what it says. */
export interface ReservationFile {
  readonly address: string;
  readonly reservation: Reservation;
}

/** Reads every reservation of a network's folder. Other files, and folders, are not looked at. */
export function* readEntries(directory: string): Generator<ReservationFile> {
  for (const file of readdirSync(directory, { withFileTypes: true })) {
    if (!isAddressName(file.name)) continue;
    const reservation = file.isFile()
      ? readEntry(directory, file.name)
      : undefined;
    yield {
      address: file.name,
      reservation: reservation ?? { kind: "foreign" },
    };
  }
}

/** Reads one reservation; undefined when there is no such file. */
export function readEntry(
  directory: string,
  address: string,
): Reservation | undefined {
  const text = readWhole(directory, address, reservationByteLimit);
  return text === undefined ? undefined : readReservation(text);
}

/** Whether a reservation is the attachment's; `legacy` ones are its container's, whatever the interface. */
export function isHeldBy(
  reservation: Reservation,
  { containerID, ifname }: Attachment,
): boolean {
  return (
    reservation.kind === "held" &&
    reservation.containerID === containerID &&
    reservation.ifname === ifname
  );
}

/** Whether a reservation names the attachment's container and no interface. */
export function isLegacyOf(
  reservation: Reservation,
  { containerID }: Attachment,
): boolean {
  return (
    reservation.kind === "legacy" && reservation.containerID === containerID
  );
}
