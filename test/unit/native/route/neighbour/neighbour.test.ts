import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { attrBytes, encodeBody } from "../../../../../native/attribute.ts";
import { encode } from "../../../../../native/layout.ts";
import { RTM_GETNEIGH } from "../../../../../native/route/constants.ts";
import {
  decodeNeighbour,
  encodeNeighbourQuery,
} from "../../../../../native/route/neighbour/neighbour.ts";
import { ndmsg } from "../../../../../native/route/structs.ts";
import {
  damaged,
  expectRangeErrorOrResult,
} from "../../../../support/arbitrary.ts";
import { expectGolden } from "../../../../support/golden.ts";

const address = Uint8Array.of(10, 9, 9, 2);
const full = encodeBody(
  encode(ndmsg, { ndm_family: 2, ndm_ifindex: 3, ndm_state: 0x20 }),
  [attrBytes(1, address), attrBytes(2, Uint8Array.of(2, 0, 0, 0, 0, 9))],
);

describe("encodeNeighbourQuery()", () => {
  it("sends what `ip -6 neigh show` sends", () => {
    const body = encodeNeighbourQuery(10);
    expectGolden("route/neighbour-list", { type: RTM_GETNEIGH, body });
  });
});

describe("decodeNeighbour()", () => {
  it("reads device, address and state", () => {
    expect(decodeNeighbour(full)).toEqual({ index: 3, address, state: 0x20 });
  });

  it("leaves out what has no address", () => {
    expect(decodeNeighbour(encode(ndmsg, { ndm_family: 2 }))).toBeUndefined();
  });

  it("throws RangeError for damaged bytes and nothing else", () => {
    fc.assert(
      fc.property(damaged(fc.constant(full)), (bytes) => {
        expectRangeErrorOrResult(() => decodeNeighbour(bytes));
      }),
    );
  });
});
