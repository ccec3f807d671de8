import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  RTM_DELNEIGH,
  RTM_GETNEIGH,
  RTM_NEWNEIGH,
} from "../../../../../native/route/constants.ts";
import { encode } from "../../../../../native/layout.ts";
import {
  decodeProxyNeighbour,
  encodeProxyNeighbour,
  encodeProxyQuery,
} from "../../../../../native/route/neighbour/proxy.ts";
import { ndmsg } from "../../../../../native/route/structs.ts";
import {
  address,
  damaged,
  expectRangeErrorOrResult,
} from "../../../../support/arbitrary.ts";
import { expectGolden } from "../../../../support/golden.ts";

const proxy = {
  index: 3,
  address: Uint8Array.from(
    Buffer.from("fd000009000000000000000000000077", "hex"),
  ),
};

describe("encodeProxyNeighbour()", () => {
  it("sends what `ip neigh add proxy` and `ip neigh delete proxy` send", () => {
    expectGolden("route/proxy-add", {
      type: RTM_NEWNEIGH,
      body: encodeProxyNeighbour({ ...proxy, protocol: 88 }),
    });
    expectGolden("route/proxy-delete", {
      type: RTM_DELNEIGH,
      body: encodeProxyNeighbour(proxy),
    });
  });
});

describe("encodeProxyQuery()", () => {
  it("sends what `ip -6 neigh show proxy` sends", () => {
    expectGolden("route/proxy-list", {
      type: RTM_GETNEIGH,
      body: encodeProxyQuery(10),
    });
  });
});

describe("decodeProxyNeighbour()", () => {
  const proxies = fc.record(
    {
      index: fc.nat(0x7fffffff),
      address: fc.oneof(address(4), address(16)),
      protocol: fc.nat(255),
    },
    { requiredKeys: ["index", "address"] },
  );

  it("gives back every proxy that encodeProxyNeighbour() took", () => {
    fc.assert(
      fc.property(proxies, (one) => {
        expect(decodeProxyNeighbour(encodeProxyNeighbour(one))).toEqual(one);
      }),
    );
  });

  it("leaves out neighbours that are no proxies, and entries without an address", () => {
    const neighbour = encodeProxyNeighbour(proxy);
    neighbour[ndmsg.offsets.ndm_flags] = 0;
    expect(decodeProxyNeighbour(neighbour)).toBeUndefined();
    expect(
      decodeProxyNeighbour(encode(ndmsg, { ndm_flags: 8 })),
    ).toBeUndefined();
  });

  it("throws RangeError for damaged bytes and nothing else", () => {
    fc.assert(
      fc.property(damaged(proxies.map(encodeProxyNeighbour)), (bytes) => {
        expectRangeErrorOrResult(() => decodeProxyNeighbour(bytes));
      }),
    );
  });
});
