import { type Capture, capture, type Recording } from "../support/capture.ts";
import type { Place } from "../../support/namespace.ts";
import { pings } from "../shapes/actor.ts";

/** Who pings whom in each round. */
export interface Talk {
  readonly from: Place;
  readonly to: string;
}

/** What became of one round. */
export interface Seen {
  /** Of each talk, in order. */
  readonly answered: readonly boolean[];
  /** By the wire's name: the pings that passed it outside of ESP, and their answers, as `from > to`, each once. */
  readonly clear: Readonly<Record<string, readonly string[]>>;
}

/** All of them. */
export interface Passed {
  readonly during: (round: string) => Seen;
  /** How many packets of all rounds a wire saw that match. */
  readonly count: (wire: string, filter: string) => number;
}

/** Pings while wires are recorded. */
export interface Rounds {
  readonly round: (name: string) => Promise<void>;
  readonly stop: () => Promise<Passed>;
}

interface Round {
  readonly name: string;
  readonly answered: readonly boolean[];
}

/** Bytes of the first round's ICMP messages; the next one's have one more. */
const SHORTEST = 200;
const ICMP_HEADER = 8;

/**
 * Round by round, all of them in one recording of each wire: in a guest each program that starts takes seconds. What is whose
 * is known by its length.
 */
export async function recordRounds(
  wires: Readonly<Record<string, readonly [Place, device: string]>>,
  talks: readonly Talk[],
): Promise<Rounds> {
  const recorders = await Promise.all(
    Object.entries(wires).map(
      async ([name, wire]) => [name, await capture(...wire)] as const,
    ),
  );
  const made: Round[] = [];
  return {
    round: async (name) => {
      const bytes = SHORTEST + made.length - ICMP_HEADER;
      const words = ["-c3", "-i0.2", "-s", `${bytes}`];
      const answered = await Promise.all(
        talks.map(({ from, to }) => pings(from, to, ...words)),
      );
      made.push({ name, answered });
    },
    stop: () => passed(recorders, made),
  };
}

async function passed(
  recorders: readonly (readonly [string, Capture])[],
  made: readonly Round[],
): Promise<Passed> {
  const recordings = new Map<string, Recording>();
  for (const [name, recorder] of recorders)
    recordings.set(name, await recorder.stop());
  const echoes = [...recordings].map(
    ([name, recording]) => [name, echoesOf(recording)] as const,
  );
  return {
    during: (round) => {
      const index = made.findIndex(({ name }) => name === round);
      const length = SHORTEST + index;
      return {
        answered: made[index]?.answered ?? [],
        clear: Object.fromEntries(
          echoes.map(([name, all]) => [name, all.get(length) ?? []]),
        ),
      };
    },
    count: (wire, filter) => recordings.get(wire)?.count(filter) ?? 0,
  };
}

/** By the length of the ICMP message. */
function echoesOf(recording: Recording): ReadonlyMap<number, string[]> {
  const found = new Map<number, Set<string>>();
  const text = recording.show("icmp", 1_000_000);
  for (const [, way = "", length] of text.matchAll(
    /(\S+ > \S+): ICMP echo .* length (\d+)$/gm,
  ))
    found.set(
      Number(length),
      (found.get(Number(length)) ?? new Set()).add(way),
    );
  return new Map([...found].map(([length, ways]) => [length, [...ways]]));
}
