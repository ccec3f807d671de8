import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Binding } from "../../native/binding.ts";
import { defaultDataDir, networkDirectory } from "../configuration/network.ts";
import { type Entry, readEntries } from "../folder/census.ts";
import { errnoOf, onDisk } from "../folder/error.ts";
import { readNote } from "../folder/notes.ts";
import type { Place } from "../folder/place.ts";
import type { Reservation } from "../folder/reservation.ts";
import { cachedNetns, defaultResultsDir, isNamespace } from "./liveness.ts";

/** Where an admin looks. */
export interface Premises {
  readonly binding: () => Binding;
  /** host-local's folder when absent. */
  readonly dataDir?: string;
  /** libcni's cache when absent. */
  readonly resultsDir?: string;
  /** `/run/crosslink/ipam` when absent. */
  readonly runDirectory?: string;
}

/** An address that somebody holds, as `crosslink ipam list --json` prints it. */
export interface Holding {
  readonly network: string;
  readonly address: string;
  readonly kind: Reservation["kind"];
  readonly containerID?: string;
  readonly ifname?: string;
  /** When it was given out: ISO 8601, UTC. */
  readonly since: string;
  /** The holder's network namespace, where that is known. */
  readonly netns?: string;
  /** Whether that namespace is gone; absent where nobody knows. */
  readonly stale?: boolean;
}

/** Everything that is held, network by network, in the order of the addresses. Takes no lock and changes nothing. */
export function takeInventory(premises: Premises): readonly Holding[] {
  const dataDir = premises.dataDir ?? defaultDataDir;
  return networkNames(dataDir).flatMap((network) =>
    onDisk(`read the store "${join(dataDir, network)}"`, () =>
      [...readEntries(join(dataDir, network))]
        .flatMap((entry) => holding(premises, network, entry))
        .sort((a, b) =>
          a.address.localeCompare(b.address, "en", { numeric: true }),
        ),
    ),
  );
}

/** A network's folder in the store. */
export function placeFor(
  { dataDir, ...rest }: Premises,
  network: string,
): Place {
  const { binding, runDirectory } = rest;
  return {
    directory: networkDirectory(dataDir, network),
    binding,
    ...(runDirectory !== undefined && { runDirectory }),
  };
}

function networkNames(dataDir: string): readonly string[] {
  try {
    return readdirSync(dataDir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort();
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return [];
    return onDisk(`read the store "${dataDir}"`, () => {
      throw error;
    });
  }
}

function holding(
  premises: Premises,
  network: string,
  { address, reservation }: Entry,
): readonly Holding[] {
  const path = join(networkDirectory(premises.dataDir, network), address);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return []; // freed since the folder was read
  const { kind, ...owner } = reservation;
  const since = found.mtime.toISOString();
  return [
    {
      network,
      address,
      kind,
      ...owner,
      since,
      ...liveness(premises, network, { address, reservation }),
    },
  ];
}

function liveness(
  premises: Premises,
  network: string,
  { address, reservation }: Entry,
): Pick<Holding, "netns" | "stale"> {
  if (reservation.kind !== "held") return {};
  const note = readNote(placeFor(premises, network), address);
  const noted =
    note?.containerID === reservation.containerID &&
    note.ifname === reservation.ifname
      ? note.netns
      : undefined;
  const netns =
    noted ??
    cachedNetns(premises.resultsDir ?? defaultResultsDir, network, reservation);
  return netns === undefined ? {} : { netns, stale: !isNamespace(netns) };
}
