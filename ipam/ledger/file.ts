import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { openReadable } from "../../files/read.ts";
import type { LedgerLine } from "./lines.ts";

/** The first line: which state of the network's folder the ledger describes. */
const HEADER_BYTES = 96;

/** Two times in nanoseconds, 19 digits each until the year 2286, and a space. */
const STATE_BYTES = 48;

/** How much may be struck out and appended before a ledger is made anew, in bytes. */
const SLACK_BYTES = 1024 * 1024;

/** What to change in a ledger's file: lines that no longer count, and new ones. */
export interface Amendment {
  readonly struck: readonly LedgerLine[];
  readonly appended: string;
}

/** The state of a folder, as a text that is another one after every change of its entries since {@link stamp}. */
function stateOf(directory: string): string {
  const { mtimeNs, ctimeNs } = statSync(directory, { bigint: true });
  return `${mtimeNs} ${ctimeNs}`;
}

/**
 * Gives a folder a modification time that no change will give it, and returns its state.
 *
 * Kernels before 6.13 take file times from a clock that stands still for up to 10 ms, so two changes may leave the same
 * time behind. A time that was set to a moment in the past, though, changes with the next entry.
 */
function stamp(directory: string): string {
  utimesSync(directory, new Date(), Date.now() / 1000 - 1 - Math.random());
  return stateOf(directory);
}

/** Whether a ledger's file is there and describes the folder as it is now. */
export function isCurrent(path: string, directory: string): boolean {
  const fd = openReadable(path, false);
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    readSync(fd, header, 0, HEADER_BYTES, 0);
    const state = header.toString("latin1", 0, STATE_BYTES).trimEnd();
    const byteLength = Number(header.toString("latin1", STATE_BYTES));
    const limit = 2 * byteLength + SLACK_BYTES;
    return state === stateOf(directory) && fstatSync(fd).size <= limit;
  } finally {
    closeSync(fd);
  }
}

/** A ledger's bytes, for ledger/lines.ts. */
export function readLedger(path: string): Buffer {
  return readFileSync(path);
}

/** A new ledger's bytes; {@link writeLedger} fills in the header. */
export function ledgerOf(lines: readonly string[]): Buffer {
  return Buffer.from(`${" ".repeat(HEADER_BYTES - 1)}\n${lines.join("")}`);
}

/** Writes a whole ledger that describes the folder as it is now. Whoever reads it sees it whole or not at all. */
export function writeLedger(
  path: string,
  ledger: Buffer,
  directory: string,
): void {
  ledger.write(stamp(directory).padEnd(STATE_BYTES), 0);
  ledger.write(String(ledger.length), STATE_BYTES);
  rmSync(`${path}.new`, { force: true }); // of a process that was killed
  writeFileSync(`${path}.new`, ledger, { mode: 0o600, flag: "wx" });
  renameSync(`${path}.new`, path);
}

/** Amends a ledger. Killed half-way, it describes no state of the folder that exists, and is made anew. */
export function amendLedger(
  path: string,
  { struck, appended }: Amendment,
  directory: string,
): void {
  const fd = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW);
  try {
    for (const { offset } of struck) writeSync(fd, "-", offset);
    writeSync(fd, appended, fstatSync(fd).size);
    // The old length stays, so that slack is counted from when the ledger was made
    writeSync(fd, stamp(directory).padEnd(STATE_BYTES), 0);
  } finally {
    closeSync(fd);
  }
}
