import type {
  ObservedAssociation,
  SecurityAssociation,
} from "../../../native/index.ts";
import { compareAddresses } from "../../../ip/cidr.ts";
import { acceptedOf, type SaSeries } from "../../mesh/ipsec/series.ts";
import type { DesiredMesh } from "../../mesh/state.ts";
import { type FindHeld, heldIn } from "./held.ts";
import type { Meter } from "./meter.ts";
import type { KeyNote } from "./note.ts";
import { nextOutbound, type Sent } from "./outbound.ts";

/** What a node knows of the SAs that it has and had. */
export interface KeyFacts {
  readonly associations: readonly ObservedAssociation[];
  readonly note: KeyNote;
  /** Whether SAs must have been there in this boot: policies are that let packets into them. */
  readonly wasLinked: boolean;
  /** Before and after the kernel was looked at. */
  readonly before: Meter;
  readonly after: Meter;
}

/** The SAs that a node should have, and what is to be noted before any of them is made. */
export interface ChosenKeys {
  /** Sorted; made for who goes through them, since of a large mesh they take four times as much memory as which ones they are. */
  readonly associations: Iterable<SecurityAssociation>;
  /** By the name of a series. */
  readonly sent: ReadonlyMap<string, Sent>;
  /** Newest generations, where they are others than was noted. */
  readonly moved: ReadonlyMap<string, number>;
  readonly secrets: ReadonlyMap<number, string>;
  /** A sentence for each key id that has another secret than it had before: no SA is of either. */
  readonly refusals: readonly string[];
  /** Whether anything is to be noted: not on a node that never had SAs. */
  readonly isToNote: boolean;
  /** When the kernel was looked at, and when something was noted last; by the clock of a Meter, in milliseconds. */
  readonly lookedAt: number;
  readonly notedAt: number | undefined;
  /** When that was noted which was noted longest ago: some series may have been noted without the others. */
  readonly oldestAt: number | undefined;
}

/** Works out where each series stands. Pure. */
export function chooseKeys(
  { series, secrets }: Pick<DesiredMesh, "series" | "secrets">,
  facts: KeyFacts,
): ChosenKeys {
  const refused = changedSecrets(secrets, facts.note);
  const isUsed = ({ keyId }: SaSeries): boolean =>
    keyId === undefined || !refused.has(keyId);
  const held = heldIn(facts.associations);
  const sent = new Map<string, Sent>();
  const moved = new Map<string, number>();
  const chosen: Chosen[] = [];
  const shared = new Set<SaSeries>();
  for (const { outbound, inbound } of series) {
    if (isUsed(outbound))
      chosen.push(sending(outbound, { facts, held, sent, moved }));
    for (const one of inbound) {
      if (!isUsed(one) || shared.has(one)) continue;
      // With a static key tunnels share an inbound SA.
      if (one.keyId === undefined) shared.add(one);
      chosen.push(...accepting(one, { facts, held, moved }));
    }
  }
  chosen.sort(byPlace);
  return {
    associations: {
      *[Symbol.iterator]() {
        for (const each of chosen) yield made(each);
      },
    },
    sent,
    moved,
    secrets: new Map([...secrets, ...refused]),
    refusals: [...refused.keys()].map(refusal),
    isToNote: series.length > 0 || facts.note.isKnown,
    lookedAt: facts.before.milliseconds,
    notedAt: facts.note.milliseconds,
    oldestAt: oldestOf(sent.keys(), facts.note),
  };
}

/** One SA of a series. */
interface Chosen {
  readonly series: SaSeries;
  readonly generation: number;
  /** What a new one takes for sent; 0 where it stands. */
  readonly sequence: number;
}

function byPlace(a: Chosen, b: Chosen): number {
  return (
    compareAddresses(a.series.destination, b.series.destination) ||
    a.series.spiAt(a.generation) - b.series.spiAt(b.generation)
  );
}

function made({ series, generation, sequence }: Chosen): SecurityAssociation {
  const association = series.at(generation);
  return sequence === 0
    ? association
    : { ...association, sentSequence: BigInt(sequence) };
}

/** Undefined where one of them was not noted, or nothing was asked for. */
function oldestOf(
  names: Iterable<string>,
  { sent }: KeyNote,
): number | undefined {
  let oldest: number | undefined;
  for (const name of names) {
    const at = sent.get(name)?.at.milliseconds;
    if (at === undefined) return undefined;
    oldest = Math.min(at, oldest ?? at);
  }
  return oldest;
}

/** Key ids in use whose secret has changed, with what the one before was called. */
export function changedSecrets(
  secrets: DesiredMesh["secrets"],
  note: Pick<KeyNote, "secrets">,
): Map<number, string> {
  return new Map(
    [...note.secrets].filter(
      ([id, name]) => (secrets.get(id) ?? name) !== name,
    ),
  );
}

/** What is said of a changed secret. */
export function refusal(id: number): string {
  return `the keyring holds another secret under key id ${String(id)} than this node has used: nothing is encrypted with either. Give the new secret an id of its own, or run \`crosslink teardown\` first`;
}

interface Choosing {
  readonly facts: KeyFacts;
  readonly held: FindHeld;
  readonly moved: Map<string, number>;
}

function sending(
  series: SaSeries,
  { facts, held, sent, moved }: Choosing & { readonly sent: Map<string, Sent> },
): Chosen {
  const { note, wasLinked, before, after } = facts;
  const name = series.name();
  const noted = note.sent.get(name);
  const newest = note.moved.get(name) ?? 0;
  const standing = held(series, noted?.generation ?? newest).at(-1);
  const next = nextOutbound(
    {
      noted,
      newest,
      standing: standing && {
        generation: standing.generation,
        sequence: Number(standing.association.sequence.output),
        serves: standing.serves,
      },
      isForgotten: wasLinked && !note.isKnown,
      isLast: series.keyId === undefined,
    },
    after,
  );
  const { generation, sequence } = next;
  sent.set(name, { generation, sequence, at: before });
  if (generation > newest) moved.set(name, generation);
  return { series, generation, sequence: next.stands ? 0 : sequence };
}

/** A receiver follows its sender: what has carried a packet has been heard. */
function accepting(
  series: SaSeries,
  { facts, held, moved }: Choosing,
): Chosen[] {
  const { moved: known } = facts.note;
  const newest = known.size === 0 ? 0 : (known.get(series.name()) ?? 0);
  // The first generation, which is all that most peers ever send, is newer than none.
  const heard = held(
    series,
    newest,
    ({ current }, slot) => slot > 0 && current.packets > 0n,
  ).reduce((most, { generation }) => Math.max(most, generation), newest);
  if (heard > newest) moved.set(series.name(), heard);
  return acceptedOf(series, heard).map((generation) => ({
    series,
    generation,
    sequence: 0,
  }));
}
