import type { Attachment } from "../../cni/request.ts";
import type { Ledger } from "../ledger/ledger.ts";
import {
  type ReservationFile,
  isHeldBy,
  isLegacyOf,
  readEntries,
  readEntry,
} from "../folder/census.ts";
import type { Reservation } from "../folder/reservation.ts";

/** What one attachment holds, while the lock is held. */
export interface Holders {
  /** What an attachment holds, or its container without an interface; by the ledger where there is one. */
  readonly seek: (owner: Attachment) => readonly ReservationFile[];
  /** The same; and where the ledger knows of nothing, by reading every file. */
  readonly find: (owner: Attachment) => readonly ReservationFile[];
  readonly add: (address: string, owner: Attachment) => void;
  readonly forget: (address: string) => void;
}

/** Answers from the files, and remembers the answers: each range set asks about the same attachment. */
export function openHolders(directory: string, ledger: Ledger): Holders {
  const answers = new Map<string, readonly ReservationFile[]>();
  const answer = (
    owner: Attachment,
    entries: Iterable<ReservationFile>,
  ): readonly ReservationFile[] => {
    const found = [...entries].filter(({ reservation }) =>
      concerns(reservation, owner),
    );
    answers.set(keyOf(owner), found);
    return found;
  };
  const seek = (owner: Attachment): readonly ReservationFile[] =>
    answers.get(keyOf(owner)) ??
    answer(owner, readThese(directory, ledger.candidates(owner)));
  return {
    seek,
    find: (owner) => {
      const found = seek(owner);
      const certain =
        found.length > 0 || ledger.candidates(owner) === undefined;
      return certain ? found : answer(owner, readEntries(directory));
    },
    add: (address, owner) => {
      const reservation = { kind: "held", ...owner } as const;
      const known = answers.get(keyOf(owner));
      if (known)
        answers.set(keyOf(owner), [...known, { address, reservation }]);
      ledger.noteReserved(address, owner);
    },
    forget: (address) => {
      drop(answers, address);
      ledger.noteFreed(address);
    },
  };
}

function drop(
  answers: Map<string, readonly ReservationFile[]>,
  address: string,
): void {
  for (const [key, known] of answers) {
    answers.set(
      key,
      known.filter((entry) => entry.address !== address),
    );
  }
}

function readThese(
  directory: string,
  addresses: readonly string[] | undefined,
): Iterable<ReservationFile> {
  if (addresses === undefined) return readEntries(directory);
  return addresses.flatMap((address) => {
    const reservation = readEntry(directory, address);
    return reservation === undefined ? [] : [{ address, reservation }];
  });
}

function concerns(reservation: Reservation, owner: Attachment): boolean {
  return isHeldBy(reservation, owner) || isLegacyOf(reservation, owner);
}

function keyOf({ containerID, ifname }: Attachment): string {
  return `${containerID}/${ifname}`;
}
