import type { Attachment } from "../cni/request.ts";
import { CniError } from "../cni/error.ts";
import { type Address, addressFromValue, addressValue } from "../ip/cidr.ts";
import { addressText, readAddress } from "./address.ts";
import { exhausted, IpamErrorCode, unavailable } from "./error.ts";
import {
  type Range,
  rangeHas,
  type RangeSet,
  rangeText,
} from "./configuration/range.ts";

/** Who holds which address of a network. Addresses are canonical text. */
export interface Store {
  /** Takes an address, and remembers it as the set's last; false when somebody has it. */
  readonly reserve: (
    address: string,
    owner: Attachment,
    set: number,
  ) => boolean;
  /** The address that was last given out of a range set; undefined when unknown or no address. */
  readonly lastReserved: (set: number) => string | undefined;
  /** What an attachment holds, including what was written before interfaces were (container ID only). */
  readonly held: (owner: Attachment) => readonly string[];
  /** Frees what an attachment holds; where that is nothing, what its container holds without an interface. */
  readonly release: (owner: Attachment) => readonly string[];
}

/** One address given out. */
export interface Lease {
  readonly address: Address;
  readonly range: Range;
}

/** What an allocation is for, and what it must keep its hands off. */
export interface Allocation {
  readonly sets: readonly RangeSet[];
  readonly requested: readonly Address[];
  readonly owner: Attachment;
  /** Addresses that are never given out, as text, and what they are. */
  readonly reserved: ReadonlyMap<string, string>;
}

/**
 * Takes an address of each range set for an attachment: the first requested one that lies in the set, else the next
 * free one after the last that was given out.
 *
 * When a later set fails, everything that the attachment holds is freed, as host-local does: the runtime takes a
 * failed ADD for nothing added.
 *
 * @throws CniError 50 when a set is exhausted; 120 and 121 of ipam/error.ts
 */
export function allocate(
  store: Store,
  allocation: Allocation,
): readonly Lease[] {
  const { sets, owner } = allocation;
  const requested = [...allocation.requested];
  const leases: Lease[] = [];
  try {
    for (const [index, set] of sets.entries()) {
      const wish = takeFirst(requested, (address) => setHas(set, address));
      leases.push(allocateFrom(store, allocation, { set, index, wish }));
    }
    if (requested.length > 0) throw leftOver(requested);
  } catch (error) {
    leases.forEach(() => {
      store.release(owner);
    });
    throw error;
  }
  return leases;
}

/** Whether an address lies in one of the set's ranges. */
export function setHas(set: RangeSet, address: Address): boolean {
  return set.some((range) => rangeHas(range, address));
}

interface Turn {
  readonly set: RangeSet;
  readonly index: number;
  readonly wish: Address | undefined;
}

function allocateFrom(store: Store, allocation: Allocation, turn: Turn): Lease {
  return turn.wish === undefined
    ? allocateNext(store, allocation, turn)
    : allocateRequested(store, allocation, { ...turn, wish: turn.wish });
}

function allocateRequested(
  store: Store,
  { owner, reserved }: Allocation,
  { set, index, wish }: Turn & { readonly wish: Address },
): Lease {
  const reason = reserved.get(wish.text);
  if (reason !== undefined) {
    throw unavailable(`requested ip ${wish.text} is ${reason}`);
  }
  const range = set.find((candidate) => rangeHas(candidate, wish));
  if (range === undefined || !store.reserve(wish.text, owner, index)) {
    throw unavailable(
      `requested IP address ${wish.text} is not available in ${setText(set)}`,
    );
  }
  return { address: wish, range };
}

function allocateNext(
  store: Store,
  { owner, reserved }: Allocation,
  { set, index }: Turn,
): Lease {
  refuseDuplicate(store, owner, set);
  const last = store.lastReserved(index);
  for (const { text, value, range } of candidates(set, last)) {
    if (reserved.has(text) || !store.reserve(text, owner, index)) continue;
    return { address: addressFromValue(range.subnet.family, value), range };
  }
  throw exhausted(
    `Cannot allocate from range set ${index}: no IP addresses available in ${setText(set)}`,
    '"crosslink ipam list" shows who holds them; widen the range, or free what is stale',
  );
}

function refuseDuplicate(store: Store, owner: Attachment, set: RangeSet): void {
  const held = store.held(owner).find((text) => setHas(set, readAddress(text)));
  if (held === undefined) return;
  throw new CniError(
    IpamErrorCode.duplicateAllocation,
    `Cannot allocate: ${held} has been allocated to "${owner.containerID}", duplicate allocation is not allowed`,
    { details: `interface ${owner.ifname}; DEL it before you ADD it again` },
  );
}

/** A free address of a set; undefined when it is exhausted. */
export function freeAddress(
  set: RangeSet,
  pool: {
    readonly reserved: ReadonlyMap<string, string>;
    readonly isTaken: (address: string) => boolean;
    /** Where to start, for speed; any address. */
    readonly last?: string | undefined;
  },
): string | undefined {
  for (const { text } of candidates(set, pool.last)) {
    if (!pool.reserved.has(text) && !pool.isTaken(text)) return text;
  }
  return undefined;
}

interface Candidate {
  readonly text: string;
  readonly value: bigint;
  readonly range: Range;
}

/**
 * Every address of a set once, starting after `last` and going round, so that a container that keeps crashing doesn't
 * get the same address again; from the beginning when `last` is none of the set's.
 */
function* candidates(
  set: RangeSet,
  last: string | undefined,
): Generator<Candidate> {
  const from = last === undefined ? undefined : readAddress(last);
  const index = from ? set.findIndex((range) => rangeHas(range, from)) : -1;
  const start = set[index];
  if (from === undefined || start === undefined) {
    for (const range of set) yield* span(range, range.first, range.last);
    return;
  }
  const value = addressValue(from.bytes);
  yield* span(start, value + 1n, start.last);
  for (const range of [...set.slice(index + 1), ...set.slice(0, index)]) {
    yield* span(range, range.first, range.last);
  }
  yield* span(start, start.first, value);
}

function* span(
  range: Range,
  first: bigint,
  last: bigint,
): Generator<Candidate> {
  const { family } = range.subnet;
  for (let value = first; value <= last; value++) {
    yield { text: addressText(family, value), value, range };
  }
}

function takeFirst<Item>(
  items: Item[],
  wanted: (item: Item) => boolean,
): Item | undefined {
  const index = items.findIndex(wanted);
  return index < 0 ? undefined : items.splice(index, 1)[0];
}

/** A set for messages: `range set: 10.1.2.1-10.1.2.254,10.1.3.1-10.1.3.254`. */
export function setText(set: RangeSet): string {
  return `range set: ${set.map(rangeText).join(",")}`;
}

function leftOver(requested: readonly Address[]): CniError {
  return unavailable(
    `failed to allocate all requested IPs: ${requested.map(({ text }) => text).join(" ")}`,
  );
}
