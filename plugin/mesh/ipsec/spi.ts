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
export interface SpiPlace {
  /** 1 to 255. */
  readonly keyId: number;
  /** 0 to 3: the generation's. */
  readonly slot: number;
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

/** What a sender takes in a round of choices, where nobody has it. */
export function chooseNumber(sender: TunnelEnd, round: number): number {
  return choose("crosslink sender 1", sender, round);
}

function choose(label: string, end: TunnelEnd, round: number): number {
  const digest = sha256(bind([label, String(round)]) + end.bound);
  return digest.readUIntBE(0, 6) % NUMBERS;
}

function sha256(text: string): Buffer {
  return hash("sha256", text, "buffer");
}
