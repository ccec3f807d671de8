import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  RTM_DELNEIGH,
  RTM_GETNEIGH,
  RTM_NEWNEIGH,
} from "../../../../../native/route/constants.ts";
import {
  decodeNeighbour,
  encodeNeighbour,
  encodeNeighbourName,
  encodeNeighbourQuery,
} from "../../../../../native/route/neighbour/neighbour.ts";
import { encodeProxyNeighbour } from "../../../../../native/route/neighbour/proxy.ts";
import { ndmsg } from "../../../../../native/route/structs.ts";
import {
  address,
  damaged,
  expectRangeErrorOrResult,
} from "../../../../support/arbitrary.ts";
import { expectGolden } from "../../../../support/golden.ts";

const neighbour = {
  index: 3,
  address: Uint8Array.of(10, 9, 9, 2),
  hardwareAddress: Uint8Array.of(2, 0x11, 0x22, 0x33, 0x44, 0x55),
  protocol: 88,
};

describe("encodeNeighbour()", () => {
  it("sends what `ip neigh replace … nud permanent` sends", () => {
    expectGolden("route/neighbour-replace", {
      type: RTM_NEWNEIGH,
      body: encodeNeighbour(neighbour),
    });
  });
});

describe("encodeNeighbourName()", () => {
  it("sends what `ip neigh delete` sends", () => {
    const name = Buffer.from("fd000009000000000000000000000002", "hex");
    expectGolden("route/neighbour-delete", {
      type: RTM_DELNEIGH,
      body: encodeNeighbourName({ index: 3, address: name }),
    });
  });
});

describe("encodeNeighbourQuery()", () => {
  it("sends what `ip neigh show dev` sends", () => {
    expectGolden("route/neighbour-list", {
      type: RTM_GETNEIGH,
      body: encodeNeighbourQuery(3),
    });
  });
});

describe("decodeNeighbour()", () => {
  const neighbours = fc.record(
    {
      index: fc.nat(0x7fffffff),
      address: fc.oneof(address(4), address(16)),
      hardwareAddress: fc.uint8Array({ minLength: 6, maxLength: 6 }),
      protocol: fc.nat(255),
    },
    { requiredKeys: ["index", "address", "hardwareAddress"] },
  );

  it("gives back every neighbour that encodeNeighbour() took", () => {
    fc.assert(
      fc.property(neighbours, (one) => {
        expect(decodeNeighbour(encodeNeighbour(one))).toEqual(one);
      }),
    );
  });

  it("leaves out what was learned, proxies and other families", () => {
    const learned = encodeNeighbour(neighbour);
    learned[ndmsg.offsets.ndm_state] = 2; // NUD_REACHABLE
    expect(decodeNeighbour(learned)).toBeUndefined();
    expect(decodeNeighbour(encodeProxyNeighbour(neighbour))).toBeUndefined();
    const bridge = encodeNeighbour(neighbour);
    bridge[ndmsg.offsets.ndm_family] = 7;
    expect(decodeNeighbour(bridge)).toBeUndefined();
  });

  it("throws RangeError for damaged bytes and nothing else", () => {
    fc.assert(
      fc.property(damaged(neighbours.map(encodeNeighbour)), (bytes) => {
        expectRangeErrorOrResult(() => decodeNeighbour(bytes));
      }),
    );
  });
});
