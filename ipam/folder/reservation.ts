import type { Attachment } from "../../cni/request.ts";

/** What a reservation's file says. */
export type Reservation =
  | {
      readonly kind: "held";
      readonly containerID: string;
      readonly ifname: string;
    }
  /** Written before interfaces were: the container ID only. */
  | { readonly kind: "legacy"; readonly containerID: string }
  /** A program died between creating the file and writing to it, or the machine before that came to disk. */
  | { readonly kind: "empty" }
  /** Not what a reservation looks like; nobody's business to touch it. */
  | { readonly kind: "foreign" };

/**
 * The longest file that can be a reservation, in bytes: MAX_ARG_STRLEN of include/uapi/linux/binfmts.h, since a
 * container ID comes in an environment variable.
 */
export const reservationByteLimit = 32 * 4096;

/** A reservation's bytes: container ID, carriage return, line feed, interface. */
export function writeReservation({ containerID, ifname }: Attachment): string {
  return `${containerID.trim()}\r\n${ifname}`;
}

/** Reads what {@link writeReservation} wrote; white space around it is ignored, as host-local does. */
export function readReservation(text: string): Reservation {
  // A crash between a write and the disk leaves a file of its length, full of zeros
  const written = text.replaceAll("\0", "").trim() === "" ? "" : text.trim();
  const [containerID = "", ifname, ...rest] = written.split("\r\n");
  if (containerID === "" && ifname === undefined) return { kind: "empty" };
  // SPEC.md 1.1.0 §2 "Parameters": CNI_CONTAINERID
  const sound = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(containerID);
  if (!sound || rest.length > 0) return { kind: "foreign" };
  if (ifname === undefined) return { kind: "legacy", containerID };
  // net/core/dev.c dev_valid_name()
  const named = /^[^\s/:]{1,15}$/.test(ifname);
  return named ? { kind: "held", containerID, ifname } : { kind: "foreign" };
}
