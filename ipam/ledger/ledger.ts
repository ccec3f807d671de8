import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Attachment } from "../../cni/request.ts";
import { isAddressName } from "../address.ts";
import { readEntry } from "../folder/census.ts";
import type { NetworkFolder } from "../folder/network-folder.ts";
import {
  asAid,
  makeScratchDirectory,
  scratchDirectory,
} from "../folder/scratch.ts";
import {
  amendLedger,
  isCurrent,
  ledgerOf,
  readLedger,
  writeLedger,
} from "./file.ts";
import {
  fittingLengths,
  ledgerLine,
  type LedgerLine,
  lineOf,
  linesOf,
  strike,
  unreadLine,
  unreadLinesFor,
} from "./lines.ts";

/** From so many addresses on, reading all their files takes longer than keeping a ledger. */
const CROWD = 1000;

/** How many files are measured to guess what the others are like. */
const SAMPLE = 32;

/** From so many freed addresses on, making the ledger anew takes less time than striking them out one by one. */
const MANY = 64;

/**
 * What is known of a crowded network without reading its files. Like all of `/run/crosslink` it is an aid: what it says
 * is verified against the file, and where it is missing, or another program has changed the network's folder since, it
 * is made anew. Used with the store's lock held.
 */
export interface Ledger {
  /**
   * The addresses that may be an attachment's; every one that is, as long as nobody edits files in place. Undefined
   * where there are too few addresses for a ledger.
   */
  readonly candidates: (owner: Attachment) => readonly string[] | undefined;
  readonly noteReserved: (address: string, owner: Attachment) => void;
  readonly noteFreed: (address: string) => void;
  /** Writes down what was noted. To be called last, before the lock is given back. */
  readonly close: () => void;
}

/** Opens the ledger of a network's folder. Never fails for what happens to the ledger itself. */
export function openLedger(place: NetworkFolder): Ledger {
  const { directory } = place;
  const path = join(scratchDirectory(place), "ledger");
  const current = asAid(() => isCurrent(path, directory)) ?? false;
  const book: Book = {
    directory,
    path,
    current,
    remade: false,
    struck: [],
    appended: "",
  };
  return {
    candidates: (owner) => candidates(book, owner),
    noteReserved: (address, owner) => {
      book.appended += ledgerLine(address, { kind: "held", ...owner });
    },
    noteFreed: (address) => {
      noteFreed(book, address);
    },
    close: () => {
      asAid(() => {
        close(book, place);
      });
    },
  };
}

/** A ledger while the lock is held. */
interface Book {
  readonly directory: string;
  readonly path: string;
  /** Whether the file described the folder when the lock was taken. */
  readonly current: boolean;
  /** The file's bytes once they were needed, or those of a ledger made anew. */
  bytes?: Buffer | undefined;
  /** Whether `bytes` must be written as a whole. */
  remade: boolean;
  /** Lines of the file that no longer count, and what comes after its end. */
  struck: LedgerLine[];
  appended: string;
}

function candidates(
  book: Book,
  owner: Attachment,
): readonly string[] | undefined {
  load(book);
  book.bytes ??= survey(book, owner);
  if (book.bytes === undefined) return undefined;
  readUnread(book, book.bytes, unreadLinesFor(book.bytes, owner));
  return linesOf(book.bytes, owner).map(({ address }) => address);
}

function load(book: Book): void {
  if (book.current) book.bytes ??= asAid(() => readLedger(book.path));
}

/**
 * A new ledger. Where most files are as long as the owner's would be, as with real container IDs, all are read. Where
 * lengths differ, they rule most files out, and those needn't be read.
 */
function survey(book: Book, owner: Attachment): Buffer | undefined {
  const names = readdirSync(book.directory).filter(isAddressName);
  if (names.length < CROWD) return undefined;
  book.remade = true;
  const { directory } = book;
  const lengths = fittingLengths(owner);
  const fitting = names
    .slice(0, SAMPLE)
    .filter((name) => lengths.includes(lengthOf(directory, name) ?? -1));
  const line =
    2 * fitting.length > SAMPLE
      ? (name: string) => readLine(directory, name)
      : (name: string) => measuredLine(directory, name);
  return ledgerOf(names.map(line));
}

function measuredLine(directory: string, address: string): string {
  const length = lengthOf(directory, address);
  return length === undefined
    ? ledgerLine(address, { kind: "foreign" })
    : unreadLine(address, length);
}

function readLine(directory: string, address: string): string {
  const reservation = readEntry(directory, address);
  return ledgerLine(address, reservation ?? { kind: "foreign" });
}

/** A regular file's length in bytes. */
function lengthOf(directory: string, name: string): number | undefined {
  const found = lstatSync(join(directory, name), { throwIfNoEntry: false });
  return found?.isFile() ? found.size : undefined;
}

function readUnread(
  book: Book,
  ledger: Buffer,
  unread: readonly LedgerLine[],
): void {
  if (unread.length === 0) return;
  const lines = unread.map(({ address }) => readLine(book.directory, address));
  strike(ledger, unread);
  book.bytes = Buffer.concat([ledger, Buffer.from(lines.join(""))]);
  book.remade = true;
}

function noteFreed(book: Book, address: string): void {
  load(book);
  if (book.bytes === undefined || book.struck.length > MANY) return;
  const line = lineOf(book.bytes, address);
  if (line === undefined) return;
  strike(book.bytes, [line]);
  book.struck.push(line);
}

function close(book: Book, place: NetworkFolder): void {
  const { bytes, path, directory, struck, appended } = book;
  // Not written, the ledger describes a folder that has changed since: the next call makes it anew
  if (struck.length > MANY) return;
  if (book.remade && bytes !== undefined) {
    makeScratchDirectory(place);
    writeLedger(path, Buffer.concat([bytes, Buffer.from(appended)]), directory);
  } else if (book.current && !isCurrent(path, directory)) {
    amendLedger(path, { struck, appended }, directory);
  }
}
