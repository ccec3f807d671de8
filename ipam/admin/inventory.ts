import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Binding } from "../../native/index.ts";
import { defaultDataDir, networkDirectory } from "../configuration/network.ts";
import { type ReservationFile, readEntries } from "../folder/census.ts";
import { errnoOf, onDisk } from "../folder/error.ts";
import type { NetworkFolder } from "../folder/network-folder.ts";
import type { Reservation } from "../folder/reservation.ts";
import { isNamespace } from "../liveness/namespace.ts";
import {
  type Traces,
  tracesOf,
  whereaboutsOf,
} from "../liveness/whereabouts.ts";

/** Where an admin looks. */
export interface Premises {
  readonly binding: () => Binding;
  /** host-local's folder when absent. */
  readonly dataDir?: string;
  /** libcni's cache when absent. */
  readonly resultsDir?: string;
  /** `/run/crosslink/ipam` when absent. */
  readonly runDirectory?: string;
  /** `/var/lib/crosslink/ipam` when absent. */
  readonly stateDirectory?: string;
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
  /** Whether that namespace is gone, or the boot in which it was; absent where nobody knows. */
  readonly stale?: boolean;
}

/** Everything that is held, network by network, in the order of the addresses. Takes no lock and changes nothing. */
export function takeInventory(premises: Premises): readonly Holding[] {
  const dataDir = premises.dataDir ?? defaultDataDir;
  return networkNames(dataDir).flatMap((network) => {
    const place = placeFor(premises, network);
    const traces = tracesOf(place, network, premises.resultsDir);
    return onDisk(`read the store "${place.directory}"`, () =>
      [...readEntries(place.directory)]
        .flatMap((entry) => holding(traces, entry))
        .sort((a, b) =>
          a.address.localeCompare(b.address, "en", { numeric: true }),
        ),
    );
  });
}

/** A network's folder in the store. */
export function placeFor(
  { dataDir, ...rest }: Premises,
  network: string,
): NetworkFolder {
  const { binding, runDirectory, stateDirectory } = rest;
  return {
    directory: networkDirectory(dataDir, network),
    binding,
    ...(runDirectory !== undefined && { runDirectory }),
    ...(stateDirectory !== undefined && { stateDirectory }),
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

function holding(traces: Traces, entry: ReservationFile): readonly Holding[] {
  const { place, network } = traces;
  const { address, reservation } = entry;
  const path = join(place.directory, address);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return []; // freed since the folder was read
  const { kind, ...owner } = reservation;
  const since = found.mtime.toISOString();
  const known = liveness(traces, entry);
  return [{ network, address, kind, ...owner, since, ...known }];
}

/** A namespace that nobody saw counts as gone, too: here an admin decides. */
function liveness(
  traces: Traces,
  entry: ReservationFile,
): Pick<Holding, "netns" | "stale"> {
  const { netns, gone } = whereaboutsOf(traces, entry);
  if (netns === undefined) return gone ? { stale: true } : {};
  return { netns, stale: gone || !isNamespace(netns) };
}
