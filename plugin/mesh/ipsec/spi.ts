import { FIRST_REQID, LAST_REQID } from "../../owned.ts";
import { hash } from "node:crypto";
import { bind } from "./bind.ts";
import { SLOTS } from "./generation.ts";
import type { TunnelEnd } from "./keys.ts";

// SPIs 0xc0000000 to 0xcfffffff are what strongSwan's charon draws its own from (spi_min, spi_max in strongswan.conf). Here and
// below are the 22 bits above slot and key id.
const FIRST_TAKEN = 0x300000;
const TAKEN = 0x40000;

/** What is left for us: not 0 either, since SPIs below 256 are reserved (RFC 4303 §2.1). */
const NUMBERS = 2 ** 22 - 1 - TAKEN;

const REQIDS = LAST_REQID - FIRST_REQID + 1;

/** Whether an SPI can be one of derived keys; charon's own cannot. */
export function isDerivedSpi(spi: number): boolean {
  const place = spi >>> 10;
  return place < FIRST_TAKEN || place >= FIRST_TAKEN + TAKEN;
}

/** What tells one sender's SAs at one receiver apart. */
interface SpiPlace {
  /** 1 to 255. */
  readonly keyId: number;
  /** 0 to 3: the generation's. */
  readonly slot: number;
}

/** Which number each sender of the mesh has; no two have the same. */
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

/**
 * Numbers every node of the mesh, from 0 up to what SPIs have room for (see NUMBERS), by a hash of its names and addresses.
 *
 * A receiver finds an SA by destination, SPI and protocol, so its senders' SPIs must differ. With a number a
 * node, not a pair, ties are rare (12 in 100 meshes of 1,000 nodes have one). Where two nodes choose one number,
 * the first in order of cluster and node name has it and the other chooses again: nobody's first choice ever
 * gives way to a second one. So another cluster changes an existing number only if one of its nodes ties with
 * an existing one, 1 in 4,000 a node in a mesh of 1,000, and sorts before it; until every node has the new
 * file, that one node's packets are then dropped.
 *
 * @param ends all nodes of all encrypted clusters that have an address of the outer family; both ends of a
 *   tunnel must pass the same ones
 */
export function numberSenders(
  ends: readonly TunnelEnd[],
  choices: Choices = CHOICES,
): SenderNumbers {
  requireNames(ends);
  const { owners, waiting } = firstChoices(ends, choices);
  const displaced = waiting.flatMap((end) => {
    const by = owners.get(choices.number(end));
    return by === undefined ? [] : [{ end, by }];
  });
  const others = nextChoices(waiting, owners);
  const of = (sender: TunnelEnd): number => {
    const other = others.get(sender.bound);
    if (other !== undefined) return other;
    const number = choices.number(sender);
    if (owners.get(number)?.bound === sender.bound) return number;
    throw new RangeError(
      `Cannot number node "${sender.node}" of cluster "${sender.cluster}": not a sender`,
    );
  };
  const spi: SenderNumbers["spi"] = (sender, receiver, place) =>
    deriveSpi(of(sender), choices.turn(receiver), place);
  const ties = JSON.stringify([...others]);
  return { of, spi, displaced, ties };
}

/** What an end chooses, whatever others do. */
export interface Choices {
  /** As a sender: the number that it takes where nobody else does. */
  readonly number: (sender: TunnelEnd) => number;
  /** As a receiver: how far it moves its senders' numbers round. */
  readonly turn: (receiver: TunnelEnd) => number;
}

/** Worked out each time: two hashes. */
export const CHOICES: Choices = {
  number: (sender) => chooseNumber(sender, 0),
  turn: (receiver) => choose("crosslink receiver 1", receiver, 0),
};

/** Of those that choose alike the first in order has it. */
function firstChoices(
  ends: readonly TunnelEnd[],
  { number: numberOf }: Choices,
): {
  readonly owners: Map<number, TunnelEnd>;
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
  owners: Map<number, TunnelEnd>,
): Map<string, number> {
  const numbers = new Map<string, number>();
  let waiting = displaced;
  for (let round = 1; waiting.length > 0; round += 1)
    waiting = waiting.filter((end) => {
      const number = chooseNumber(end, round);
      if (owners.has(number)) return true;
      owners.set(number, end);
      numbers.set(end.bound, number);
      return false;
    });
  return numbers;
}

/**
 * The SPI of an SA: the sender's number moved round by the receiver, so that every ordered pair has its own and one
 * receiver's are all different; then two bits of the generation's slot, and the key id in the low 8. It changes with every
 * name and address that is bound into the key.
 */
export function deriveSpi(
  senderNumber: number,
  turn: number,
  { keyId, slot }: SpiPlace,
): number {
  const place = ((senderNumber + turn) % NUMBERS) + 1;
  const sender = place < FIRST_TAKEN ? place : place + TAKEN;
  return (sender * SLOTS + slot) * 256 + keyId;
}

/** The SPIs of all slots, from that of slot 0. */
export function allSlots(first: number): number[] {
  return Array.from({ length: SLOTS }, (_, slot) => inSlot(first, slot));
}

/** The SPI of a slot, from that of slot 0. */
export function inSlot(first: number, slot: number): number {
  return first + slot * 256;
}

/**
 * The reqid of all SAs and templates toward one peer, 0x434c0000 to 0x434cffff.
 *
 * It depends on nothing but the peer, so no other node can ever change it. Among hundreds of peers some share
 * one, and nothing hangs on that: the kernel tells peers apart by the addresses too, both where it chooses an
 * SA for a template (xfrm_state_find) and where it checks a decrypted packet (xfrm_state_ok).
 *
 * @param round above 0 for who has to choose again; see templatesFor() in ike.ts
 */
export function deriveReqid(
  peer: { readonly cluster: string; readonly node: string },
  round = 0,
): number {
  const { cluster, node } = peer;
  const again = round === 0 ? [] : [String(round)];
  const digest = sha256(bind(["crosslink reqid 1", cluster, node, ...again]));
  return FIRST_REQID + (digest.readUInt32BE(0) % REQIDS);
}

function chooseNumber(sender: TunnelEnd, round: number): number {
  return choose("crosslink sender 1", sender, round);
}

function choose(label: string, end: TunnelEnd, round: number): number {
  const digest = sha256(bind([label, String(round)]) + end.bound);
  return digest.readUIntBE(0, 6) % NUMBERS;
}

function sha256(text: string): Buffer {
  return hash("sha256", text, "buffer");
}

/** Two ends of one name would choose alike for ever. */
function requireNames(ends: readonly TunnelEnd[]): void {
  const clusters = new Map<string, Set<string>>();
  for (const { cluster, node } of ends) {
    const nodes = clusters.get(cluster) ?? new Set();
    clusters.set(cluster, nodes);
    if (nodes.has(node))
      throw new RangeError(
        "Cannot number senders: two nodes of a cluster have one name",
      );
    nodes.add(node);
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
