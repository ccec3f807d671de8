import { type KeyIndex, keyIndex } from "../../../diff/shared-keys.ts";
import { keptFor } from "../kept.ts";
import type { TunnelEnd } from "./keys.ts";
import {
  type Choices,
  CHOICES,
  chooseNumber,
  deriveSpi,
  type SpiPlace,
} from "./spi.ts";

/** Which number each sender of the mesh has; no two have the same. It is good until others are numbered by the same numberer. */
export interface SenderNumbers {
  readonly of: (sender: TunnelEnd) => number;
  /** The SPI of an SA; see {@link deriveSpi}. */
  readonly spi: (
    sender: TunnelEnd,
    receiver: TunnelEnd,
    place: SpiPlace,
  ) => number;
  /** Which numbers are others than what their senders would choose alone: where that is the same, so is every number. */
  readonly ties: string;
  /** Senders whose first choice was taken, with who took it. */
  readonly displaced: readonly {
    readonly end: TunnelEnd;
    readonly by: TunnelEnd;
  }[];
}

/** Lists of all nodes of all encrypted clusters that have an address of the outer family; both ends of a tunnel must pass the same ones. */
type SenderLists = readonly (readonly TunnelEnd[])[];

/** See {@link numberSenders}. */
export type Numberer = (lists: SenderLists) => SenderNumbers;

/**
 * Numbers every node of the mesh, from 0 up to what SPIs have room for (see NUMBERS), by a hash of its names and addresses.
 *
 * A receiver finds an SA by destination, SPI and protocol, so its senders' SPIs must differ. With a number a
 * node, not a pair, ties are rare (12 in 100 meshes of 1,000 nodes have one). Where two nodes choose one number,
 * the first in order of cluster and node name has it and the other chooses again: nobody's first choice ever
 * gives way to a second one. So another cluster changes an existing number only if one of its nodes ties with
 * an existing one, 1 in 4,000 a node in a mesh of 1,000, and sorts before it; until every node has the new
 * file, that one node's packets are then dropped.
 */
export function numberSenders(lists: SenderLists): SenderNumbers {
  return senderNumberer()(lists);
}

/** Numbers as {@link numberSenders} does, again and again: lists that are the same are not gone through again. */
export function senderNumberer(choices: Choices = CHOICES): Numberer {
  const chosenIn = keyIndex(choices.number);
  const requireNamesOnce = keptFor(requireNames);
  return (lists) => {
    for (const ends of lists) requireNamesOnce(ends);
    return numbersAmong(chosenIn(lists), choices);
  };
}

type Chosen = KeyIndex<number, TunnelEnd>;

function numbersAmong(chosen: Chosen, choices: Choices): SenderNumbers {
  const tied = [...chosen.shared.values()].flat();
  requireNames(tied);
  const { owners, waiting } = firstOf(tied, choices);
  const displaced = waiting.flatMap((end) => {
    const by = owners.get(choices.number(end));
    return by === undefined ? [] : [{ end, by }];
  });
  const others = nextChoices(waiting, chosen);
  const of = (sender: TunnelEnd): number => {
    const other = others.get(sender.bound);
    if (other !== undefined) return other;
    const number = choices.number(sender);
    const owner = owners.get(number) ?? chosen.get(number)[0];
    if (owner?.bound === sender.bound) return number;
    throw new RangeError(
      `Cannot number node "${sender.node}" of cluster "${sender.cluster}": not a sender`,
    );
  };
  const spi: SenderNumbers["spi"] = (sender, receiver, place) =>
    deriveSpi(of(sender), choices.turn(receiver), place);
  const ties = JSON.stringify([...others]);
  return { of, spi, displaced, ties };
}

/** Of those that choose alike the first in order has it. */
function firstOf(
  ends: readonly TunnelEnd[],
  { number: numberOf }: Choices,
): {
  readonly owners: ReadonlyMap<number, TunnelEnd>;
  /** All others, in order. */
  readonly waiting: readonly TunnelEnd[];
} {
  const owners = new Map<number, TunnelEnd>();
  const waiting: TunnelEnd[] = [];
  for (const end of ends) {
    const number = numberOf(end);
    const owner = owners.get(number);
    if (owner !== undefined) waiting.push(byName(owner, end) > 0 ? owner : end);
    if (owner === undefined || byName(owner, end) > 0) owners.set(number, end);
  }
  return { owners, waiting: waiting.sort(byName) };
}

/** Has them choose until each has its own. Returns the numbers by what their ends are bound as. */
function nextChoices(
  displaced: readonly TunnelEnd[],
  first: Chosen,
): Map<string, number> {
  const numbers = new Map<string, number>();
  const taken = new Set<number>();
  let waiting = displaced;
  for (let round = 1; waiting.length > 0; round += 1)
    waiting = waiting.filter((end) => {
      const number = chooseNumber(end, round);
      if (first.get(number).length > 0 || taken.has(number)) return true;
      taken.add(number);
      numbers.set(end.bound, number);
      return false;
    });
  return numbers;
}

/** Two ends of one name would choose alike for ever. */
function requireNames(ends: readonly TunnelEnd[]): void {
  const names = new Set<string>();
  for (const end of ends) {
    const name = nameOf(end);
    if (names.has(name))
      throw new RangeError(
        "Cannot number senders: two nodes of a cluster have one name",
      );
    names.add(name);
  }
}

/** Names sort alike everywhere: no locale. */
function byName(a: TunnelEnd, b: TunnelEnd): number {
  return nameOf(a) < nameOf(b) ? -1 : 1;
}

/** Cluster and node names hold no slash. */
function nameOf(end: TunnelEnd): string {
  return `${end.cluster}/${end.node}`;
}
