import { bootId } from "../../native/index.ts";
import type { ReservationFile } from "../folder/census.ts";
import { type Note, ownerOf, readNote } from "../folder/notes.ts";
import type { NetworkFolder } from "../folder/network-folder.ts";
import { asAid } from "../folder/scratch.ts";
import { showsGone } from "./namespace.ts";
import { cachedResult, defaultResultsDir } from "./results.ts";

/** Where to look for what is known of a network's holders. */
export interface Traces {
  readonly place: NetworkFolder;
  readonly network: string;
  /** libcni's cache; its default when absent. */
  readonly resultsDir?: string;
  /** This boot; undefined where the kernel does not tell. */
  readonly boot: string | undefined;
}

/** What is known of a reservation's holder. */
export interface KnownHolder {
  /** Its network namespace: as noted at its ADD, else as libcni remembers. */
  readonly netns?: string;
  /** The note about this reservation. */
  readonly note?: Note;
  /** Whether the holder cannot live any more. What may live is not gone. */
  readonly gone: boolean;
}

/** Where to look for a network's holders, in this boot. */
export function tracesOf(
  place: NetworkFolder,
  network: string,
  resultsDir: string | undefined,
): Traces {
  const boot = asAid(bootId);
  return { place, network, boot, ...(resultsDir && { resultsDir }) };
}

/**
 * Looks for a reservation's holder. It is gone where its reservation was there in an earlier boot, which no network
 * namespace outlives, or where its namespace has no name any more. Clocks prove nothing: they jump in a boot.
 */
export function whereaboutsOf(
  traces: Traces,
  { address, reservation }: ReservationFile,
): KnownHolder {
  const note = readNote(traces.place, address, reservation);
  if (note !== undefined && note.netns !== "") {
    const { netns } = note;
    const wasThere = (): boolean =>
      note.seen || cachedNetns(traces, { address, reservation }) === netns;
    const gone =
      isOfEarlierBoot(note, traces) || (showsGone(netns) && wasThere());
    return { note, netns, gone };
  }
  const netns = cachedNetns(traces, { address, reservation });
  const earlier = note !== undefined && isOfEarlierBoot(note, traces);
  return {
    ...(note && { note }),
    ...(netns !== undefined && { netns }),
    gone: earlier || (netns !== undefined && showsGone(netns)),
  };
}

function isOfEarlierBoot(note: Note, { boot }: Traces): boolean {
  return boot !== undefined && note.boot !== "" && note.boot !== boot;
}

/** What libcni remembers, unless that is about another address: a container that is started again keeps its ID. */
function cachedNetns(
  { network, resultsDir }: Traces,
  { address, reservation }: ReservationFile,
): string | undefined {
  const owner = ownerOf(reservation);
  if (owner === undefined || owner.ifname === "") return undefined;
  const cached = cachedResult(resultsDir ?? defaultResultsDir, network, owner);
  return cached?.addresses?.includes(address) === false
    ? undefined
    : cached?.netns;
}
