import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  RTM_DELNEIGH,
  RTM_GETNEIGH,
  RTM_NEWNEIGH,
} from "../../../../../native/route/constants.ts";
import {
  decodeForwardingEntry,
  encodeForwardingEntry,
  encodeForwardingQuery,
} from "../../../../../native/route/neighbour/forwarding.ts";
import { encodeNeighbour } from "../../../../../native/route/neighbour/neighbour.ts";
import { ndmsg } from "../../../../../native/route/structs.ts";
import {
  address,
  damaged,
  expectRangeErrorOrResult,
} from "../../../../support/arbitrary.ts";
import { expectGolden } from "../../../../support/golden.ts";

const entry = {
  index: 4,
  hardwareAddress: Uint8Array.of(2, 0x11, 0x22, 0x33, 0x44, 0x55),
  destination: Uint8Array.of(10, 9, 9, 2),
};

describe("encodeForwardingEntry()", () => {
  it("sends what `bridge fdb replace … self permanent` and `bridge fdb del` send", () => {
    const body = encodeForwardingEntry(entry);
    expectGolden("route/forwarding-replace", { type: RTM_NEWNEIGH, body });
    expectGolden("route/forwarding-delete", { type: RTM_DELNEIGH, body });
  });
});

describe("encodeForwardingQuery()", () => {
  it("sends what `bridge fdb show dev` sends", () => {
    expectGolden("route/forwarding-list", {
      type: RTM_GETNEIGH,
      body: encodeForwardingQuery(4),
    });
  });
});

describe("decodeForwardingEntry()", () => {
  const entries = fc.record({
    index: fc.nat(0x7fffffff),
    hardwareAddress: fc.uint8Array({ minLength: 6, maxLength: 6 }),
    destination: fc.oneof(address(4), address(16)),
  });

  it("gives back every entry that encodeForwardingEntry() took", () => {
    fc.assert(
      fc.property(entries, (one) => {
        expect(decodeForwardingEntry(encodeForwardingEntry(one))).toEqual(one);
      }),
    );
  });

  it("leaves out what was learned, what has no destination, and neighbours", () => {
    const learned = encodeForwardingEntry(entry);
    learned[ndmsg.offsets.ndm_state] = 2; // NUD_REACHABLE
    expect(decodeForwardingEntry(learned)).toBeUndefined();
    const local = encodeForwardingEntry(entry).subarray(0, ndmsg.size + 12);
    expect(decodeForwardingEntry(local)).toBeUndefined();
    const neighbour = { ...entry, address: entry.destination };
    expect(decodeForwardingEntry(encodeNeighbour(neighbour))).toBeUndefined();
  });

  it("throws RangeError for damaged bytes and nothing else", () => {
    fc.assert(
      fc.property(damaged(entries.map(encodeForwardingEntry)), (bytes) => {
        expectRangeErrorOrResult(() => decodeForwardingEntry(bytes));
      }),
    );
  });
});
