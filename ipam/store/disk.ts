import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Attachment } from "../../cni/request.ts";
import { readAddress } from "../address.ts";
import type { Store } from "../allocator.ts";
import {
  type ReservationFile,
  isHeldBy,
  readEntries,
  readEntry,
} from "../folder/census.ts";
import { type Ledger, openLedger } from "../ledger/ledger.ts";
import { openHolders } from "./holders.ts";
import { ensureDirectory } from "../folder/directory.ts";
import { misplaced, onDisk } from "../folder/error.ts";
import {
  createWhole,
  readWhole,
  rehearse,
  removeDrafts,
  removeFile,
  replaceWhole,
} from "../folder/files.ts";
import { withLock } from "../folder/lock.ts";
import type { NetworkFolder } from "../folder/network-folder.ts";
import { type Reservation, writeReservation } from "../folder/reservation.ts";

/** A network's folder while its lock is held: an allocator's store, and what GC and admins see of it. */
export interface DiskStore extends Store {
  readonly entries: () => Iterable<ReservationFile>;
  /** As `held`, and certain even where files were edited in place. */
  readonly find: (owner: Attachment) => readonly string[];
  /** One address's reservation; undefined when it is free. */
  readonly reservation: (address: string) => Reservation | undefined;
  readonly isTaken: (address: string) => boolean;
  /** Throws what would keep an address from being written down. */
  readonly rehearse: () => void;
  /** Frees an address, whoever holds it; false when nobody does. */
  readonly free: (address: string) => boolean;
}

/** Runs `work` on a network's folder with the lock held. The folder and the lock are made where they are missing. */
export function withStore<Value>(
  place: NetworkFolder,
  work: (store: DiskStore) => Value,
): Value {
  const { directory } = place;
  ensureDirectory(directory);
  return withLock(place, () =>
    onDisk(`use the store "${directory}"`, () => {
      removeDrafts(directory);
      const ledger = openLedger(place);
      try {
        return work(openStore(directory, ledger));
      } finally {
        ledger.close();
      }
    }),
  );
}

function openStore(directory: string, ledger: Ledger): DiskStore {
  const { isTaken, forget } = takenLookup(directory);
  const holders = openHolders(directory, ledger);
  const free = (address: string): boolean => {
    const freed = removeFile(directory, address);
    if (!freed) return false;
    holders.forget(address);
    forget(address);
    return true;
  };
  return {
    entries: () => readEntries(directory),
    reservation: (address) => readEntry(directory, address),
    free,
    isTaken,
    rehearse: () => {
      rehearse(directory);
    },
    held: (owner) => holders.seek(owner).map(({ address }) => address),
    find: (owner) => holders.find(owner).map(({ address }) => address),
    release: (owner) => {
      const all = holders.find(owner);
      const own = all.filter(({ reservation }) => isHeldBy(reservation, owner));
      const names = (own.length > 0 ? own : all).map(({ address }) => address);
      return names.filter(free);
    },
    lastReserved: (set) => readLast(directory, set),
    reserve: (address, owner, set) => {
      if (isTaken(address)) return false;
      const reserved = reserve(directory, { address, owner, set });
      if (reserved) holders.add(address, owner);
      return reserved;
    },
  };
}

/** How often a name is looked up before it is cheaper to read them all. */
const LOOKUPS = 64;

/**
 * Whether a name exists. Most often the first one asked for is free; in a crowded network thousands may have to be
 * asked for, and one pass over the folder's names answers them all. What is freed since is to be forgotten.
 */
function takenLookup(directory: string) {
  let lookups = 0;
  let names: Set<string> | undefined;
  return {
    isTaken: (name: string): boolean => {
      lookups++;
      if (lookups > LOOKUPS) names ??= new Set(readdirSync(directory));
      return names
        ? names.has(name)
        : lstatSync(join(directory, name), { throwIfNoEntry: false }) !==
            undefined;
    },
    forget: (name: string): void => {
      names?.delete(name);
    },
  };
}

interface Wish {
  readonly address: string;
  readonly owner: Attachment;
  readonly set: number;
}

/** Either takes the address and remembers it as the set's last, or changes nothing. */
function reserve(directory: string, { address, owner, set }: Wish): boolean {
  const last = lastName(set);
  requireReplaceable(join(directory, last));
  if (!createWhole(directory, address, writeReservation(owner))) return false;
  try {
    replaceWhole(directory, last, address);
    return true;
  } catch (error) {
    removeFile(directory, address);
    throw error;
  }
}

function readLast(directory: string, set: number): string | undefined {
  const text = readWhole(directory, lastName(set), 64);
  if (text === undefined) return undefined;
  try {
    return readAddress(text).text;
  } catch (error) {
    // Truncated or written by something else: the round starts anew, as in host-local
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** A file that a rename may replace; a link or folder is somebody's, whatever it is for. */
function requireReplaceable(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found && !found.isFile())
    throw misplaced(path, "it is not a regular file");
}

/** `set` counts the network's range sets from 0. */
function lastName(set: number): string {
  return `last_reserved_ip.${set}`;
}
