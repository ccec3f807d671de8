import type { Attachment } from "../../cni/request.ts";
import { type Reservation, writeReservation } from "../folder/reservation.ts";

/*
 * A ledger is text, one line an address, so that "what does this attachment hold?" is a search for a piece of text:
 *
 *   +10.1.2.3<TAB>container<TAB>eth0     held
 *   +10.1.2.4<TAB>container<TAB>         held without an interface
 *   +10.1.2.5<TAB>?69                    nobody has read the file yet; it has 69 bytes
 *   +10.1.2.6<TAB>!                      empty, or no reservation
 *   -10.1.2.7<TAB>container<TAB>eth0     not so any more
 *
 * Container IDs and interface names hold neither tabs nor line feeds. Bytes, not strings, since lines are struck out in
 * place.
 */

const COUNTS = "+".charCodeAt(0);

/** A line of an address whose file was read. */
export function ledgerLine(address: string, reservation: Reservation): string {
  return `+${address}\t${content(reservation)}\n`;
}

/** A line of an address whose file nobody has read. */
export function unreadLine(address: string, byteLength: number): string {
  return `+${address}\t?${byteLength}\n`;
}

/** A line that counts: its address, and where it starts in the ledger. */
export interface LedgerLine {
  readonly address: string;
  readonly offset: number;
}

/** The lines that say that an attachment, or its container without an interface, holds an address. */
export function linesOf(
  ledger: Buffer,
  { containerID, ifname }: Attachment,
): readonly LedgerLine[] {
  return [
    ...linesEnding(ledger, `\t${containerID}\t${ifname}\n`),
    ...linesEnding(ledger, `\t${containerID}\t\n`),
  ];
}

/** The line of an address. */
export function lineOf(
  ledger: Buffer,
  address: string,
): LedgerLine | undefined {
  const found = ledger.indexOf(`\n+${address}\t`);
  return found < 0 ? undefined : { address, offset: found + 1 };
}

/** The unread lines of files as long as the attachment's would be, or its container's without an interface. */
export function unreadLinesFor(
  ledger: Buffer,
  owner: Attachment,
): readonly LedgerLine[] {
  if (!ledger.includes("\t?")) return [];
  return fittingLengths(owner).flatMap((length) =>
    linesEnding(ledger, `\t?${length}\n`),
  );
}

/** How long an attachment's file may be, in bytes, or its container's without an interface. */
export function fittingLengths(owner: Attachment): readonly number[] {
  const texts = [writeReservation(owner), owner.containerID];
  // White space around the text makes no difference; more than a line's end nobody writes
  const lengths = texts
    .map((text) => Buffer.byteLength(text))
    .flatMap((length) => [length, length + 1, length + 2]);
  return [...new Set(lengths)];
}

/** Strikes lines out, in place. */
export function strike(ledger: Buffer, lines: readonly LedgerLine[]): void {
  for (const { offset } of lines) ledger.write("-", offset);
}

function content(reservation: Reservation): string {
  switch (reservation.kind) {
    case "held":
      return `${reservation.containerID}\t${reservation.ifname}`;
    case "legacy":
      return `${reservation.containerID}\t`;
    case "empty":
    case "foreign":
      return "!";
  }
}

function linesEnding(ledger: Buffer, end: string): readonly LedgerLine[] {
  const wanted = Buffer.from(end);
  const found: LedgerLine[] = [];
  for (
    let at = ledger.indexOf(wanted);
    at >= 0;
    at = ledger.indexOf(wanted, at + 1)
  ) {
    const offset = ledger.lastIndexOf("\n", at) + 1;
    const address = ledger.toString("latin1", offset + 1, at);
    if (ledger[offset] === COUNTS) found.push({ address, offset });
  }
  return found;
}
